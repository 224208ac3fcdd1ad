package invoice

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

// Hinter is a vendor that calls back when something happened to an invoice.
type Hinter interface {
	Name() string
	// Hint reads our own serial out of a callback's body, which proves nothing. Invalid "callback_unreadable".
	Hint(body []byte) (serial string, err error)
}

// Hinted returns the invoice a vendor's callback is about; its job then asks the vendor. NotFound "callback_unknown"
// where no such vendor or invoice is ours, Invalid "callback_unreadable".
func (i *Invoices) Hinted(_ context.Context, q pg.Q, vendor string, body []byte) (uuid.UUID, error) {
	unknown := fault.New(fault.NotFound, "callback_unknown", nil)
	h, ok := i.vendor.(Hinter)
	if !ok || h.Name() != vendor {
		return uuid.Nil, unknown
	}
	serial, err := h.Hint(body)
	if err != nil {
		return uuid.Nil, err
	}
	r, err := find(q, "serial = ?", serial)
	if fault.Is(err, fault.NotFound) {
		err = unknown
	}
	return r.ID, err
}
