package flow

import (
	"context"
	"strings"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
)

// How often codes may be tried from one address.
const (
	pickUps    = 30
	pickUpsPer = 10 * time.Minute
)

// PickUpInvoice opens an invoice by the code of its message; the view is audited before its bytes go out. It returns
// the file's name and bytes. Faults: invoice_code_wrong, invoice_taken_back on "code",
// too_many_attempts.
func (f *Flow) PickUpInvoice(ctx context.Context, a actor.Actor, code string) (name string, pdf []byte, err error) {
	if err := f.Throttle.Take(ctx, "invoice_pick_up:ip:"+a.IP, pickUps, pickUpsPer); err != nil {
		return "", nil, err
	}
	if strings.TrimSpace(code) == "" {
		return "", nil, fault.InvalidField("code", "required")
	}
	inv, pdf, err := f.Invoices.PickUp(ctx, f.DB.Read(ctx), code)
	for _, key := range []string{"invoice_code_wrong", "invoice_taken_back"} {
		if fault.HasKey(err, key) {
			return "", nil, refuseField(fault.Invalid, "code", key, nil)
		}
	}
	if err != nil {
		return "", nil, err
	}
	entry := audit.Entry{Action: "invoice.picked_up", Object: "invoice:" + inv.ID.String(), Project: inv.ProjectID}
	if err := f.Audit.Write(ctx, a, entry); err != nil {
		return "", nil, err
	}
	return inv.Number + ".pdf", pdf, nil
}
