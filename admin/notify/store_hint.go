package notify

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

// Reporter is a sender that calls back about deliveries.
type Reporter interface {
	Name() string
	// Reported reads the vendor's references out of a callback's body, which proves nothing. Invalid
	// "callback_unreadable".
	Reported(body []byte) (providerIDs []string, err error)
}

// Reported returns the messages a vendor's callback is about; CheckDelivery then asks the vendor. References that are
// not ours are left out. NotFound "callback_unknown" where the vendor or all of them are, Invalid
// "callback_unreadable".
func (m *Messages) Reported(ctx context.Context, q pg.Q, channel Channel, vendor string, body []byte) ([]uuid.UUID, error) {
	unknown := fault.New(fault.NotFound, "callback_unknown", nil)
	r, ok := m.senders[channel].(Reporter)
	if !ok || r.Name() != vendor {
		return nil, unknown
	}
	refs, err := r.Reported(body)
	if err != nil {
		return nil, err
	}
	var ids []uuid.UUID
	for _, ref := range refs {
		id, err := m.ByProvider(ctx, q, channel, ref)
		switch {
		case err == nil:
			ids = append(ids, id)
		case !fault.Is(err, fault.NotFound):
			return nil, err
		}
	}
	if len(ids) == 0 {
		return nil, unknown
	}
	return ids, nil
}
