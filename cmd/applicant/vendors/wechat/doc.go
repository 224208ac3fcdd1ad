// Package wechat simulates WeChat Pay, API v3, for one direct merchant: Native orders, query, close, refunds, and the
// notices of both.
//
// Every call must carry a valid WECHATPAY2-SHA256-RSA2048 signature of the merchant; every answer and notice is signed
// with the platform's key, and what a notice says is sealed with the APIv3 key. Written from the platform's public
// documents (pay.weixin.qq.com/doc/v3/merchant: 4012791877 and its neighbours).
//
// Package trouble knows the calls as native, query, close, refund and refund_query; a trouble refund_outcome with the
// code ABNORMAL or CLOSED lets the next refund end so.
package wechat
