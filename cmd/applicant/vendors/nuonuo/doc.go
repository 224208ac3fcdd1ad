// Package nuonuo simulates the 诺诺 open platform for fully digital invoices (数电票): the gateway
// /open/v1/services with the methods requestBillingNew, queryInvoiceResult and reInvoice (invoices),
// saveInvoiceRedConfirm, queryInvoiceRedConfirm, refreshInvoiceRedConfirm and confirmInfoCancel (red letters) of
// nuonuo.OpeMplatform, the access token, the callback and the invoice files.
//
// Every call must carry a valid X-Nuonuo-Sign. Written from the platform's public documents (open.nuonuo.com, API ids
// 100607 and 100608) and the request form its SDKs share.
package nuonuo
