package flow

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/issuance"
)

// Revocable is a pair that somebody wants to revoke, with all that stands on it.
type Revocable struct {
	issuance.Pair
	Refused error       // why it cannot be revoked; nil where it can
	Renewal order.Order // the open renewal of it; No is "" where there is none
	LedTo   order.Order // the order that led to it; No is "" where an earlier system made it
	// SameKey is the sign serial of the pair that took over on the same key, "" where there is none: a key that was lost is
	// lost with both.
	SameKey string
}

// RevocationView is a revocation with what it is about.
type RevocationView struct {
	issuance.Revocation
	Of Revocable
}

// ViewRevocable opens a pair by the serial of either certificate, to be revoked. Fails like ViewCertificate.
func (f *Flow) ViewRevocable(ctx context.Context, a actor.Actor, serial string) (Revocable, error) {
	q := f.DB.Read(ctx)
	p, err := f.Issuance.Find(ctx, q, a, serial)
	if err != nil {
		return Revocable{}, err
	}
	out, err := f.revocable(ctx, q, a, p)
	if err != nil {
		return Revocable{}, err
	}
	if out.Refused = f.Issuance.Revocable(ctx, q, p); out.Refused == nil {
		open, err := f.Issuance.OpenRevocation(ctx, q, a, p.ID)
		if err == nil && open.State != issuance.RevocationFailed {
			out.Refused = fault.New(fault.Conflict, "revocation_open", nil)
		} else if err != nil && !fault.Is(err, fault.NotFound) {
			return Revocable{}, err
		}
	}
	return out, nil
}

func (f *Flow) revocable(ctx context.Context, q pg.Q, a actor.Actor, p issuance.Pair) (Revocable, error) {
	out := Revocable{Pair: p}
	var err error
	if out.Renewal, err = f.Orders.OpenOf(ctx, q, p.ID); err != nil && !fault.Is(err, fault.NotFound) {
		return out, err
	}
	by, err := f.Issuance.MadeBy(ctx, q, p.ID)
	if err != nil {
		return out, err
	}
	if by != uuid.Nil {
		if out.LedTo, err = f.Orders.ByID(ctx, q, a, by); err != nil {
			return out, err
		}
	}
	if p.Successor == uuid.Nil {
		return out, nil
	}
	next, err := f.Issuance.Get(ctx, q, a, p.Successor)
	if err != nil {
		return out, err
	}
	same, err := next.SameKey(p)
	if err == nil && same && next.State != issuance.Revoked {
		out.SameKey = string(next.Sign.Serial)
	}
	return out, err
}

// ViewRevocation opens a revocation. Fails with NotFound "revocation_unknown", also outside the actor's projects.
func (f *Flow) ViewRevocation(ctx context.Context, a actor.Actor, id uuid.UUID) (RevocationView, error) {
	q := f.DB.Read(ctx)
	r, err := f.Issuance.Revocation(ctx, q, a, id)
	if err != nil {
		return RevocationView{}, err
	}
	p, err := f.Issuance.Get(ctx, q, a, r.Pair)
	if err != nil {
		return RevocationView{}, err
	}
	of, err := f.revocable(ctx, q, a, p)
	return RevocationView{Revocation: r, Of: of}, err
}

// RevocationOf names the revocation of a pair that is under way, done or failed; the zero id where there is none.
func (f *Flow) RevocationOf(ctx context.Context, a actor.Actor, pair uuid.UUID) (uuid.UUID, error) {
	r, err := f.Issuance.OpenRevocation(ctx, f.DB.Read(ctx), a, pair)
	if fault.Is(err, fault.NotFound) {
		return uuid.Nil, nil
	}
	return r.ID, err
}

// ListsView is the revocation lists as the screen shows them.
type ListsView struct {
	Lists []issuance.List // a page, the newest first
	Last  issuance.List   // Number is 0 before the first
	Alarm string          // why no list came after the last: a fault key, "" while there is no alarm
}

// listsPage is how many lists a page has.
const listsPage = 50

// RevocationLists lists them from a number downwards, or from the last one on where it is 0; one more than a page tells that
// there are more.
func (f *Flow) RevocationLists(ctx context.Context, before uint64) (ListsView, error) {
	q := f.DB.Read(ctx)
	var v ListsView
	last, err := f.Issuance.LastListHead(ctx, q)
	if fault.HasKey(err, "signer_unknown") {
		return v, nil
	}
	if err != nil && !fault.HasKey(err, "crl_unknown") {
		return v, err
	}
	v.Last = last
	if v.Alarm, err = f.Issuance.AlarmOf(ctx, q, last.Number); err != nil {
		return v, err
	}
	v.Lists, err = f.Issuance.Lists(ctx, q, before, listsPage+1)
	return v, err
}

// RevocationListFile hands out one list, DER; the download is on record. NotFound "crl_unknown".
func (f *Flow) RevocationListFile(ctx context.Context, a actor.Actor, number uint64) ([]byte, error) {
	l, err := f.Issuance.ListNumber(ctx, f.DB.Read(ctx), number)
	if err != nil {
		return nil, err
	}
	return l.DER, f.Audit.Write(ctx, a, audit.Entry{Action: "crl.downloaded", Object: listObject(number)})
}
