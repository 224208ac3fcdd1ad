package flow

import (
	"context"
	"strings"
	"unicode/utf8"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
	"caconsole/issuance"
	"caconsole/issuance/cert"
)

// ManualCheck is what the second issuer hands in: the content as it was shown and the last digits of the order's number,
// typed, so that it is this order.
type ManualCheck struct {
	Seen  []byte
	Typed string
}

// CheckManualToSign says what the second issuer signs. It refuses all that CheckManual refuses.
func (f *Flow) CheckManualToSign(ctx context.Context, a actor.Actor, no string, in ManualCheck) (issuance.ToSign, error) {
	var out issuance.ToSign
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, auth, err := f.checked(ctx, tx, a, no, in)
		if err != nil {
			return err
		}
		out = f.Issuance.ToSign(cert.DutyIssueCheck, auth.Digest)
		return f.Orders.MayTake(ctx, tx, o.ID, a.ID, order.DutyIssueCheck)
	})
	return out, f.fourEyes(ctx, a, "issuance.confirmed", no, err)
}

// CheckManual is the second signature of an order opened by hand, by another issuer: it goes to the signer. After a
// failure the same person, or another second one, confirms it again. Faults: four_eyes, typed_wrong_order, content_changed,
// approval_outdated, not_ready_for_issue, those of lockManual and of a signature.
func (f *Flow) CheckManual(ctx context.Context, a actor.Actor, no string, in ManualCheck, sig issuance.Signature) error {
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, auth, err := f.checked(ctx, tx, a, no, in)
		if err != nil {
			return err
		}
		if err := f.Orders.TakeDuty(ctx, tx, o.ID, a.ID, order.DutyIssueCheck); err != nil {
			return err
		}
		signed, err := f.Issuance.Approval(ctx, tx, a, cert.DutyIssueCheck, []cert.Digest{auth.Digest}, sig)
		if err != nil {
			return err
		}
		if err := f.acceptPapers(ctx, tx, a, o); err != nil {
			return err
		}
		return f.reserve(ctx, tx, a, o, auth, signed)
	})
	return f.fourEyes(ctx, a, "issuance.confirmed", no, err)
}

// checked locks an order that waits for its second issuer and compares what was shown with what the first one signed.
func (f *Flow) checked(ctx context.Context, tx pg.Tx, a actor.Actor, no string, in ManualCheck) (order.Order, issuance.Authorisation, error) {
	o, v, err := f.lockManual(ctx, tx, a, no)
	if err != nil {
		return o, issuance.Authorisation{}, err
	}
	if v.WrittenBy == a.ID {
		return o, issuance.Authorisation{}, fault.New(fault.Conflict, "four_eyes", nil)
	}
	if strings.TrimSpace(in.Typed) != no[max(0, len(no)-4):] {
		return o, issuance.Authorisation{}, fault.InvalidField("typed", "typed_wrong_order")
	}
	o, auth, err := f.approvedContent(ctx, tx, o)
	if err != nil {
		return o, auth, err
	}
	if auth.Object.Content != cert.Digest(padded(in.Seen)).Hex() {
		return o, auth, fault.New(fault.Conflict, "content_changed", nil)
	}
	return o, auth, nil
}

// padded makes a digest of what a form sent, of whatever length.
func padded(in []byte) (out [32]byte) {
	copy(out[:], in)
	return out
}

// maxReason bounds a reason, in characters.
const maxReason = 500

// ReturnManual sends an order back to the issuer who opened it, with the reason; the first signature is void. Faults:
// four_eyes, required on "reason", not_ready_for_issue, those of lockManual.
func (f *Flow) ReturnManual(ctx context.Context, a actor.Actor, no string, reason seal.Secret) error {
	reason = seal.Secret(strings.TrimSpace(reason.Reveal()))
	switch n := utf8.RuneCountInString(reason.Reveal()); {
	case n == 0:
		return fault.InvalidField("reason", "required")
	case n > maxReason:
		return fault.InvalidField("reason", "manual_text_long")
	}
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, v, err := f.lockManual(ctx, tx, a, no)
		if err != nil {
			return err
		}
		if o.Stage != order.StageToIssue {
			return fault.New(fault.Conflict, "not_ready_for_issue", nil)
		}
		if err := f.Orders.TakeDuty(ctx, tx, o.ID, a.ID, order.DutyIssueCheck); err != nil {
			return err
		}
		if err := f.Manual.SendBack(ctx, tx, v, a.ID, reason); err != nil {
			return err
		}
		_, err = f.Orders.Change(ctx, tx, a, no, "manual.returned", func(g *order.Gates) error {
			g.Documents = order.Returned
			return g.TouchContent()
		})
		if err != nil {
			return err
		}
		return f.voidApproval(ctx, tx, o)
	})
	return f.fourEyes(ctx, a, "manual.returned", no, err)
}
