// Package nuonuo simulates the 诺诺 open platform for fully digital invoices (数电票): the gateway
// /open/v1/services with the methods requestBillingNew, queryInvoiceResult and reInvoice (invoices),
// saveInvoiceRedConfirm, queryInvoiceRedConfirm, refreshInvoiceRedConfirm and confirmInfoCancel (red letters) of
// nuonuo.OpeMplatform, the access token, the callback and the invoice files.
//
// A word in the buyer's name chooses a fate: 开票失败 fails the invoice; of a red letter's form 红冲须确认 waits for the
// buyer, who confirms, 红冲被拒 for one who denies, 红冲待确认 until POST /_sim/invoice/red {"bill_id":…,"status":"04"}
// tells what the buyer does, and 红冲失败 fails at the bureau. Without a word it needs no confirmation. The trouble
// red_form (package trouble) does the same to the next form, with the state as its code.
//
// Every call must carry a valid X-Nuonuo-Sign. Written from the platform's public documents (open.nuonuo.com, API ids
// 100607 and 100608) and the request form its SDKs share.
package nuonuo
