package flow

import (
	"bytes"
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
)

// SignManualToSign makes the authorisation of an order opened by hand and says what its first issuer signs. It refuses all
// that SignManual refuses.
func (f *Flow) SignManualToSign(ctx context.Context, a actor.Actor, no string, seen []byte) (issuance.ToSign, error) {
	var out issuance.ToSign
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		_, auth, err := f.firstSigned(ctx, tx, a, no, seen)
		out = f.Issuance.ToSign(cert.DutyIssue, auth.Digest)
		return err
	})
	return out, f.fourEyes(ctx, a, "manual.signed", no, err)
}

// SignManual is the first of the two signatures of an order opened by hand, by the issuer who opened it: they vouch for
// papers and identity. seen is the digest of the content as it was shown. Faults: manual_not_yours,
// manual_evidence_missing, manual_not_mended (sent back and nothing changed since), content_changed, certificate_lint, those of ownManual and of a signature.
func (f *Flow) SignManual(ctx context.Context, a actor.Actor, no string, seen []byte, sig issuance.Signature) error {
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, auth, err := f.firstSigned(ctx, tx, a, no, seen)
		if err != nil {
			return err
		}
		signed, err := f.Issuance.Approval(ctx, tx, a, cert.DutyIssue, []cert.Digest{auth.Digest}, sig)
		if err != nil {
			return err
		}
		if err := f.Issuance.AddApproval(ctx, tx, auth.ID, signed); err != nil {
			return err
		}
		_, err = f.Orders.Change(ctx, tx, a, o.No, "manual.signed", func(g *order.Gates) error {
			g.VouchFor()
			return nil
		})
		return err
	})
	return f.fourEyes(ctx, a, "manual.signed", no, err)
}

// firstSigned locks an order that waits for its first issuer and makes what they sign.
func (f *Flow) firstSigned(ctx context.Context, tx pg.Tx, a actor.Actor, no string, seen []byte) (order.Order, issuance.Authorisation, error) {
	o, v, err := f.ownManual(ctx, tx, a, no)
	if err != nil {
		return o, issuance.Authorisation{}, err
	}
	if o.Gates.Documents == order.Returned {
		return o, issuance.Authorisation{}, fault.New(fault.Conflict, "manual_not_mended", nil)
	}
	if o.Gates.Documents != order.Uploaded {
		return o, issuance.Authorisation{}, fault.New(fault.Conflict, "manual_evidence_missing", nil)
	}
	tried, err := f.tryManual(ctx, tx, o, v)
	if err != nil {
		return o, issuance.Authorisation{}, err
	}
	if !tried.Passes() {
		return o, issuance.Authorisation{}, fault.New(fault.Conflict, "manual_lint", nil)
	}
	g, err := f.manualGrant(ctx, tx, o, v)
	if err != nil {
		return o, issuance.Authorisation{}, err
	}
	if !bytes.Equal(g.Content[:], seen) {
		return o, issuance.Authorisation{}, fault.New(fault.Conflict, "content_changed", nil)
	}
	auth, err := f.Issuance.Authorise(ctx, tx, g)
	return o, auth, err
}
