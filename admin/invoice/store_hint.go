package invoice

import (
	"context"

	"caconsole/admin/fault"
	"caconsole/admin/job"
	"caconsole/admin/pg"
)

// Hinter is a vendor that calls back when something happened to an invoice.
type Hinter interface {
	Name() string
	// Hint reads our own serial out of a callback's body, which proves nothing. Invalid "callback_unreadable".
	Hint(body []byte) (serial string, err error)
}

// Hinted returns the job that asks the vendor about the invoice or red letter a callback of its is about. NotFound
// "callback_unknown" where no such vendor or invoice is ours, Invalid "callback_unreadable".
func (i *Invoices) Hinted(_ context.Context, q pg.Q, vendor string, body []byte) (job.Args, error) {
	unknown := fault.New(fault.NotFound, "callback_unknown", nil)
	h, ok := i.vendor.(Hinter)
	if !ok || h.Name() != vendor {
		return nil, unknown
	}
	serial, err := h.Hint(body)
	if err != nil {
		return nil, err
	}
	r, err := find(q, "serial = ?", serial)
	if err == nil {
		return IssueArgs{ID: r.ID}, nil
	}
	if !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	red, err := findRed(q, "serial = ?", serial)
	if fault.Is(err, fault.NotFound) {
		err = unknown
	}
	return RedArgs{ID: red.ID}, err
}
