package flow

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/board"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/lint"
)

// IssueView is an order as its issuer sees it before confirming.
type IssueView struct {
	Order     order.Order
	OldFacts  issuance.Facts
	Rehearsal issuance.Rehearsal
	Second    lint.Report // zlint's opinion; empty where our own rules refuse the pair already
	Refused   error       // why there is nothing to sign; nil where there is
	Approvals []cert.Approval
	People    map[string]board.Person // by id, of the approvals
	Barred    bool                    // the reader has another duty in the order
	Reason    string                  // fault key of the last failure, "" without one
	Made      issuance.Pair           // the new pair; zero while there is none
}

// ViewIssue shows what would be signed for an order, what every rule says of it, and who has approved what. Fails with
// NotFound "order_unknown".
func (f *Flow) ViewIssue(ctx context.Context, a actor.Actor, no string) (IssueView, error) {
	q := f.DB.Read(ctx)
	o, err := f.Orders.Get(ctx, q, a, no)
	if err != nil {
		return IssueView{}, err
	}
	v := IssueView{Order: o}
	if o.Gates.Issuance == order.Recorded {
		if v.Made, err = f.Issuance.Made(ctx, q, o.ID); err != nil {
			return IssueView{}, err
		}
	}
	v.Rehearsal, v.Refused = f.Issuance.Rehearse(ctx, q, o.ID)
	switch kind := fault.Of(v.Refused).Kind; {
	case v.Refused == nil:
	case kind == fault.Internal || kind == fault.Unavailable:
		return IssueView{}, v.Refused
	}
	if v.Refused == nil && v.Rehearsal.Passes() {
		if v.Second, err = lint.Prepared(v.Rehearsal.Prepared); err != nil {
			return IssueView{}, err
		}
	}
	old, err := f.Issuance.Get(ctx, q, a, o.OldPairID)
	if err != nil {
		return IssueView{}, err
	}
	if v.OldFacts, err = issuance.Read(old.Sign.DER); err != nil {
		return IssueView{}, err
	}
	v.Approvals = v.Rehearsal.Authorisation.Approvals
	ids := make([]uuid.UUID, 0, len(v.Approvals))
	for _, p := range v.Approvals {
		if id, err := uuid.Parse(p.StaffID); err == nil {
			ids = append(ids, id)
		}
	}
	if v.People, err = f.Board.People(ctx, ids); err != nil {
		return IssueView{}, err
	}
	v.Barred, v.Reason, err = f.Board.IssueNotes(ctx, a, o.ID)
	return v, err
}
