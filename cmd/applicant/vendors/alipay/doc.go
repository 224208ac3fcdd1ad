// Package alipay simulates the gateway of Alipay's open platform for one merchant with payment by code (当面付):
// alipay.trade.precreate, .query, .close, .refund, .fastpay.refund.query, and the asynchronous notice.
//
// Every call must carry a valid RSA2 signature of the application; every answer and notice is signed with Alipay's key.
// As at the real one, a trade comes into being when the payer scans the code: before that a query and a close find
// nothing, and the code stays good. Written from the platform's public documents (opendocs.alipay.com/open: 02ekfg and
// its neighbours, 异步通知说明, 自行实现签名).
package alipay
