package flow

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/issuance"
)

// How often a session may be proved, and by one address. Each try is a signature to be checked.
const (
	proofs           = 10
	proofsPerAddress = 600
	proofsPer        = 10 * time.Minute
)

// ProveUpdate takes the Ukey's signature and gives the token for the rest of the session. In a session of kind renew the
// signature authorises the renewal, in one of kind collect it binds the CSR that the driver brought; the pair is signed at
// once if the signer is there. Faults: update_unknown, those of
// issuance.Service.Prove and authoriseByHolder. A wrong signature is audited; too many are too_many_attempts.
func (f *Flow) ProveUpdate(ctx context.Context, a actor.Actor, id string, signature []byte) (token string, u issuance.Update, err error) {
	session, err := updateID(id)
	if err != nil {
		return "", issuance.Update{}, err
	}
	if err := f.Throttle.Take(ctx, "update_proof:ip:"+a.IP, proofsPerAddress, proofsPer); err != nil {
		return "", issuance.Update{}, err
	}
	if err := f.Throttle.Take(ctx, "update_proof:"+session.String(), proofs, proofsPer); err != nil {
		return "", issuance.Update{}, err
	}
	request := uuid.Nil
	err = f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		if u, err = f.Issuance.Peek(ctx, tx, session); err != nil {
			return err
		}
		if u.Kind == issuance.KindRenew {
			token, u, request, err = f.authoriseByHolder(ctx, tx, a, u, signature)
		} else {
			token, u, request, err = f.collect(ctx, tx, a, u, signature)
		}
		if err != nil {
			return err
		}
		return audit.Append(ctx, tx, a, f.Now(), audit.Entry{Action: "update.proved", Object: "order:" + u.OrderNo})
	})
	if fault.HasKey(err, "signature_wrong") {
		entry := audit.Entry{Action: "update.proved", Object: "update:" + session.String(), Reason: "signature_wrong"}
		if unwritten := f.Audit.Refused(ctx, a, entry); unwritten != nil {
			return "", issuance.Update{}, unwritten
		}
	}
	if err != nil || request == uuid.Nil {
		return token, u, err
	}
	f.issueSoon(ctx, request)
	u, err = f.Issuance.Session(ctx, f.DB.Read(ctx), session, token)
	return token, u, err
}

// collect takes the proof of a driver that collects. One that brought a CSR for what staff have authorised has the pair
// reserved; request is its id.
func (f *Flow) collect(
	ctx context.Context, tx pg.Tx, a actor.Actor, u issuance.Update, signature []byte,
) (token string, proved issuance.Update, request uuid.UUID, err error) {
	o, err := f.Orders.Lock(ctx, tx, a, u.OrderNo) // the order before anything of issuance
	if err != nil {
		return "", issuance.Update{}, uuid.Nil, err
	}
	token, proved, err = f.Issuance.Prove(ctx, tx, u.ID, signature)
	if err != nil || !u.CSR || atSigner(o.Gates) || o.Gates.Authorisation != order.Authorised {
		return token, proved, uuid.Nil, err // nothing to sign: it is signed, or a correction came between
	}
	_, err = f.Orders.Change(ctx, tx, a, o.No, "csr.received", func(g *order.Gates) error {
		g.Issuance = order.Reserved
		return nil
	})
	if err != nil {
		return "", issuance.Update{}, uuid.Nil, err
	}
	if request, err = f.Issuance.ReserveFor(ctx, tx, o.ID, u.ID); err != nil {
		return "", issuance.Update{}, uuid.Nil, err
	}
	return token, proved, request, f.Jobs.Enqueue(ctx, tx, IssueArgs{RequestID: request})
}

// updateID reads the id of a session from a path; what is none is unknown.
func updateID(id string) (uuid.UUID, error) {
	session, err := uuid.Parse(id)
	if err != nil {
		return uuid.Nil, fault.New(fault.NotFound, "update_unknown", nil)
	}
	return session, nil
}
