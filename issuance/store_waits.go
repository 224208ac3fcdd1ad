package issuance

import (
	"context"

	"caconsole/admin/pg"
)

// What a pair that is being made may wait for.
const (
	WaitsForSigner    = "signer"     // it waits for its key officers, or does not answer
	WaitsForKeyCentre = "key_centre" // for an encryption key
)

// WaitsFor says what keeps an update in StateWaiting whose pair is being made; "" for all else: staff are yet to agree, or
// it is a matter of seconds.
func (s *Service) WaitsFor(ctx context.Context, q pg.Q, u Update) (string, error) {
	if u.State != StateWaiting {
		return "", nil
	}
	var asked, reserved bool
	err := q.Gorm().Raw(`SELECT EXISTS (SELECT FROM key_application k WHERE k.order_id = ? AND k.reason = ''
		AND NOT EXISTS (SELECT FROM issuance_request r WHERE r.id = k.request_id))`, u.OrderID).Scan(&asked).Error
	if err == nil {
		err = q.Gorm().Raw("SELECT EXISTS (SELECT FROM issuance_request WHERE order_id = ? AND state = ?)", u.OrderID, RequestReserved).Scan(&reserved).Error
	}
	switch {
	case err != nil:
		return "", pg.Fault(err)
	case asked:
		return WaitsForKeyCentre, nil
	case !reserved:
		return "", nil
	}
	w, err := s.Watched(ctx, q)
	if err != nil || !w.Blocked() {
		return "", err
	}
	return WaitsForSigner, nil
}
