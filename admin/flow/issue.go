package flow

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
)

// IssueArgs asks for the execution of one request; the job carries nothing but its id.
type IssueArgs struct {
	RequestID uuid.UUID `json:"request_id"`
}

// Kind names the job for River.
func (IssueArgs) Kind() string { return "issue" }

// Issue has the signer execute a request and records the pair. It may be repeated at will: the signer gives the same
// answer for the same id, and recording twice records once. Fails with NotFound "request_unknown".
func (f *Flow) Issue(ctx context.Context, id uuid.UUID) error {
	_, err := f.Issuance.Request(ctx, f.DB.Read(ctx), id)
	if fault.HasKey(err, "request_unknown") {
		var there bool
		if there, err = f.fetchKey(ctx, id); err == nil && !there {
			return nil
		}
	}
	if err != nil {
		return err // nothing of ours, so nothing to close at the signer
	}
	issued, err := f.Issuance.Execute(ctx, f.DB.Read(ctx), id)
	switch {
	case fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Internal):
		return err // the queue tries again, and the sweep after it
	case err != nil:
		return f.giveUpIssue(ctx, id, fault.Of(err).Key)
	}
	return f.recordIssue(ctx, id, issued)
}

// recordIssue stores the pair, opens delivery and tells the agent.
func (f *Flow) recordIssue(ctx context.Context, id uuid.UUID, issued cert.Issued) error {
	a := actor.Job("issue")
	h, err := f.Issuance.Request(ctx, f.DB.Read(ctx), id)
	if err != nil {
		return err
	}
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, err := f.Orders.Lock(ctx, tx, a, h.OrderNo)
		if err != nil {
			return err
		}
		if _, err := f.Issuance.Record(ctx, tx, id, issued); err != nil || o.Gates.Issuance == order.Recorded {
			return err
		}
		_, err = f.Orders.Change(ctx, tx, a, o.No, "issuance.recorded", func(g *order.Gates) error {
			g.Issuance, g.Delivery = order.Recorded, order.Offered
			return nil
		})
		if err != nil {
			return err
		}
		if o.Gates.Path == order.Online {
			return nil // the driver that asked for it is waiting
		}
		return f.tell(ctx, tx, o, notify.Approved, map[string]string{"no": o.No})
	})
}

// giveUpIssue settles a request that the signer refused: with its result where there is one after all, else the id is
// dead for ever and the order goes back to 待签发 with the reason. Settled before, it changes nothing.
func (f *Flow) giveUpIssue(ctx context.Context, id uuid.UUID, reason string) error {
	closing, err := f.Issuance.Resolve(ctx, id)
	if err != nil {
		return err
	}
	if closing.Issued != nil {
		return f.recordIssue(ctx, id, *closing.Issued)
	}
	h, err := f.Issuance.Request(ctx, f.DB.Read(ctx), id)
	if err != nil {
		return err
	}
	a := actor.Job("issue")
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, err := f.Orders.Lock(ctx, tx, a, h.OrderNo)
		if err != nil {
			return err
		}
		err = f.Issuance.Closed(ctx, tx, id, reason, closing.JournalHead)
		if fault.HasKey(err, "request_closed") {
			return nil // settled already, by whoever else was told
		}
		if err != nil {
			return err
		}
		if o.Gates.Path == order.Online {
			return f.holderRefused(ctx, tx, a, o, h, reason)
		}
		_, err = f.Orders.Change(ctx, tx, a, o.No, "issuance.failed", func(g *order.Gates) error {
			g.Issuance = order.Failed
			return nil
		})
		return err
	})
}

// hangingAfter is when a request without an answer is asked after.
const hangingAfter = 10 * time.Second

// SweepIssues has requests executed that the queue has lost sight of. It never guesses: the signer gives the answer it
// gave, executes what it never heard of, or refuses what has become too old for its clock, and only then is a request
// closed. A signer that is silent closes nothing: what is reserved waits for it.
func (f *Flow) SweepIssues(ctx context.Context) error {
	hanging, err := f.Issuance.Hanging(ctx, f.DB.Read(ctx), f.Now().Add(-hangingAfter), 100)
	if err != nil {
		return err
	}
	keys, err := f.Issuance.HangingKeys(ctx, f.DB.Read(ctx), f.Now().Add(-hangingAfter), 100)
	if err != nil {
		return err
	}
	return each(append(hanging, keys...), func(h issuance.Hanging) error { return f.Issue(ctx, h.RequestID) })
}
