package nuonuo

import (
	"context"
	"fmt"

	"caconsole/admin/invoice"
	"caconsole/admin/money"
)

// Who acts and why, in the codes of the red letter's form.
const (
	seller         = "0"
	serviceStopped = "3" // 服务中止
)

// States of a confirmation form (红字确认单) at the platform. Every other state is an end that leads to no red invoice.
const (
	formNotNeeded    = "01" // 无需确认
	formAwaitsBuyer  = "02" // 销方录入待购方确认
	formConfirmed    = "04" // 购销双方已确认
	formDenied       = "05" // 作废（销方录入购方否认）
	formTimedOut     = "07" // 作废（超 72 小时未确认）
	formWithdrawn    = "08" // 作废（发起方已撤销）
	formTakenBack    = "09" // 作废（确认后撤销）
	formBeingApplied = "15" // 申请中
)

// redRequest is the body of saveInvoiceRedConfirm for a whole invoice: without lines. Of fully digital invoices the red
// one follows by itself once the form needs no (further) confirmation, under orderNo.
type redRequest struct {
	BillID                string `json:"billId"`
	BlueInvoiceLine       string `json:"blueInvoiceLine"`
	ApplySource           string `json:"applySource"`
	BlueElecInvoiceNumber string `json:"blueElecInvoiceNumber"`
	SellerTaxNo           string `json:"sellerTaxNo"`
	SellerName            string `json:"sellerName"` // may stay empty where the seller asks
	BuyerTaxNo            string `json:"buyerTaxNo"`
	BuyerName             string `json:"buyerName"`
	RedReason             string `json:"redReason"`
	AutoInvoice           string `json:"autoInvoice"`
	OrderNo               string `json:"orderNo"`
	CallbackURL           string `json:"callbackUrl"`
}

// AskRed applies for the form under our own number, which is the red invoice's order number too. A number that is known
// already is no second form.
func (c *Client) AskRed(ctx context.Context, o invoice.RedOrder) error {
	body := redRequest{
		BillID: o.Serial, BlueInvoiceLine: kindOf(o.Buyer), ApplySource: seller, BlueElecInvoiceNumber: o.Number,
		SellerTaxNo: c.c.TaxNo, BuyerTaxNo: o.Buyer.TaxID, BuyerName: o.Buyer.Title, RedReason: serviceStopped, AutoInvoice: "1",
		OrderNo: o.Serial, CallbackURL: c.c.CallbackURL,
	}
	code, describe, err := c.call(ctx, "nuonuo.OpeMplatform.saveInvoiceRedConfirm", body, nil)
	if err != nil || code == codeOK {
		return err
	}
	// The platform documents no code for a number it has: what it refuses is asked for before it is believed.
	known, err := c.form(ctx, o.Serial)
	if err != nil || len(known) > 0 {
		return err
	}
	return refusal(code, describe)
}

type form struct {
	BillNo            string `json:"billNo"`
	BillStatus        string `json:"billStatus"`
	BillMessage       string `json:"billMessage"`
	InvoiceSerialNum  string `json:"invoiceSerialNum"`
	TaxExcludedAmount string `json:"taxExcludedAmount"`
	TaxAmount         string `json:"taxAmount"`
}

// form asks for the form of our number; none if the platform knows none.
func (c *Client) form(ctx context.Context, serial string) ([]form, error) {
	var found struct {
		List []form `json:"list"`
	}
	code, describe, err := c.call(ctx, "nuonuo.OpeMplatform.queryInvoiceRedConfirm", map[string]string{"identity": seller, "billId": serial}, &found)
	switch {
	case err != nil:
		return nil, err
	case code == codeNotFound:
		return []form{}, nil
	case code != codeOK || len(found.List) > 1:
		return nil, down(fmt.Errorf("red form: %s %s, %d forms", code, describe, len(found.List)))
	}
	return found.List, nil
}

// QueryRed asks for the form and, once that needs no (further) confirmation, for the red invoice.
func (c *Client) QueryRed(ctx context.Context, serial string) (invoice.RedAnswer, error) {
	forms, err := c.form(ctx, serial)
	if err != nil || len(forms) == 0 {
		return invoice.RedAnswer{}, err
	}
	f := forms[0]
	a := invoice.RedAnswer{Found: true, FormState: f.BillStatus, FormNo: f.BillNo}
	switch f.BillStatus {
	case formBeingApplied:
		a.State = invoice.RedAsked
	case formAwaitsBuyer:
		a.State = invoice.RedWaitingBuyer
	case formNotNeeded, formConfirmed:
		a.State = invoice.RedConfirmed
		return c.redInvoice(ctx, serial, a)
	default:
		a.State, a.Cause = invoice.RedBlocked, f.cause()
	}
	return a, nil
}

// redInvoice looks for the red invoice that follows a form.
func (c *Client) redInvoice(ctx context.Context, serial string, a invoice.RedAnswer) (invoice.RedAnswer, error) {
	var found []result
	body := map[string]any{"orderNos": []string{serial}, "isOfferInvoiceDetail": "0"}
	code, describe, err := c.call(ctx, "nuonuo.OpeMplatform.queryInvoiceResult", body, &found)
	switch {
	case err != nil:
		return invoice.RedAnswer{}, err
	case code == codeNotFound:
		return a, nil // not yet
	case code != codeOK || len(found) != 1:
		return invoice.RedAnswer{}, down(fmt.Errorf("red invoice: %s %s", code, describe))
	}
	r, err := found[0].answer()
	if err != nil {
		return invoice.RedAnswer{}, err
	}
	switch r.State {
	case invoice.Issued:
		a.State, a.Number, a.PDFURL, a.Total = invoice.RedIssued, r.Number, r.PDFURL, positive(r.Total)
	case invoice.Failed:
		a.State, a.Cause = invoice.RedBlocked, r.Cause
	case invoice.Requested, invoice.Issuing, invoice.Cancelled, invoice.RedLettered:
	}
	return a, nil
}

// positive is a red invoice's amount, which the platform gives with its sign.
func positive(f money.Fen) money.Fen { return max(f, -f) }

// cause says in a word of ours why a form came to nothing; where that has none, in the platform's.
func (f form) cause() string {
	switch f.BillStatus {
	case formDenied:
		return "red_denied"
	case formTimedOut:
		return "red_timed_out"
	case formWithdrawn, formTakenBack:
		return "red_withdrawn"
	}
	if f.BillMessage != "" {
		return f.BillMessage
	}
	return "red_failed"
}
