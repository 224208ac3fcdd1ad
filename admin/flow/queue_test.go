package flow_test

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/invoice"
	"caconsole/admin/job"
	"caconsole/admin/notify"
	"caconsole/admin/pg"
)

// queue is the real queue, insert and roll-back and all; its jobs run when a test says so.
type queue struct {
	*job.Client
	t    *testing.T
	db   *pg.DB
	now  func() time.Time
	work map[string]func(ctx context.Context, raw []byte) error
	// linger keeps transactions that queue a job open, so that those which run at once do meet.
	linger atomic.Int64
}

// Enqueue adds a job within tx.
func (q *queue) Enqueue(ctx context.Context, tx pg.Tx, args job.Args, opts ...job.Option) error {
	time.Sleep(time.Duration(q.linger.Load()))
	return q.Client.Enqueue(ctx, tx, args, opts...)
}

func newQueue(t *testing.T, db *pg.DB, now func() time.Time) *queue {
	t.Helper()
	q := &queue{t: t, db: db, now: now, work: map[string]func(context.Context, []byte) error{}}
	r := job.NewRegistry()
	known[flow.IssueArgs](r)
	known[flow.MatchRunArgs](r)
	known[flow.TelecomCheckArgs](r)
	known[flow.IdentityResultArgs](r)
	known[flow.DeliveryArgs](r)
	known[notify.SendArgs](r)
	known[invoice.IssueArgs](r)
	known[invoice.RedArgs](r)
	known[flow.AskPaymentArgs](r)
	known[flow.RefundArgs](r)
	known[flow.RevokeArgs](r)
	known[flow.ListArgs](r)
	known[flow.RegistryArgs](r)
	known[flow.ProfileArgs](r)
	known[flow.EndDelegationArgs](r)
	known[document.PagesArgs](r)
	var err error
	q.Client, err = job.NewClient(db, r, job.Options{Queues: map[string]int{document.PagesQueue: 1, flow.MatchQueue: 1}})
	require.NoError(t, err)
	return q
}

// known lets the queue take a kind of job.
func known[T job.Args](r *job.Registry) {
	job.Handle(r, func(context.Context, T) error { return nil })
}

// serve says what each kind of job means. Page images are no part of these tests.
func (q *queue) serve(f *flow.Flow) {
	on(q, func(ctx context.Context, a flow.IssueArgs) error { return f.Issue(ctx, a.RequestID) })
	on(q, func(ctx context.Context, _ flow.MatchRunArgs) error { return f.MatchRun(ctx) })
	on(q, f.TelecomCheck)
	on(q, func(ctx context.Context, a flow.IdentityResultArgs) error { return f.IdentityResult(ctx, a.AttemptID) })
	on(q, func(ctx context.Context, a flow.DeliveryArgs) error {
		return f.CheckDelivery(ctx, a.MessageID)
	})
	on(q, func(ctx context.Context, a notify.SendArgs) error { return f.SendMessage(ctx, a.ID) })
	on(q, func(ctx context.Context, a invoice.IssueArgs) error { return f.IssueInvoice(ctx, a.ID) })
	on(q, func(ctx context.Context, a invoice.RedArgs) error { return f.RedLetter(ctx, a.ID) })
	on(q, func(ctx context.Context, a flow.AskPaymentArgs) error { return f.AskPayment(ctx, a.IntentID) })
	on(q, func(ctx context.Context, a flow.RefundArgs) error { return f.SendRefund(ctx, a.RefundID) })
	on(q, func(ctx context.Context, a flow.RevokeArgs) error { return f.Revoke(ctx, a.RevocationID) })
	on(q, func(ctx context.Context, _ flow.ListArgs) error { return f.MakeList(ctx) })
	on(q, func(ctx context.Context, a flow.RegistryArgs) error { return f.SendRegistry(ctx, a.Digest) })
	on(q, func(ctx context.Context, a flow.ProfileArgs) error { return f.SendProfile(ctx, a.Digest) })
	on(q, func(ctx context.Context, a flow.EndDelegationArgs) error { return f.TellDelegation(ctx, a.ID) })
	on(q, func(context.Context, document.PagesArgs) error { return nil })
}

func on[T job.Args](q *queue, fn func(context.Context, T) error) {
	var zero T
	q.work[zero.Kind()] = func(ctx context.Context, raw []byte) error {
		var args T
		if err := json.Unmarshal(raw, &args); err != nil {
			return err
		}
		return fn(ctx, args)
	}
}

// waiting is a job that is due.
type waiting struct {
	ID   int64
	Kind string
	Args []byte
}

// take takes the oldest job that is due off the queue, nil where there is none.
func (q *queue) take() *waiting {
	q.t.Helper()
	var due []waiting
	err := q.db.InTx(q.t.Context(), func(_ context.Context, tx pg.Tx) error {
		return tx.Gorm().Raw(`UPDATE river_job SET state = 'completed', finalized_at = now() WHERE id = (
			SELECT id FROM river_job WHERE state = 'available' OR state = 'scheduled' AND scheduled_at <= ? ORDER BY id LIMIT 1
		) RETURNING id, kind, args`, q.now()).Scan(&due).Error
	})
	require.NoError(q.t, err)
	if len(due) == 0 {
		return nil
	}
	return &due[0]
}

// work runs the jobs that are due, and those they ask for, until none is left. A job that says "not yet" or "somebody
// else does it" is put back for the next call, as the queue would.
func (h *house) work() {
	h.t.Helper()
	var again []waiting
	for j := h.jobs.take(); j != nil; j = h.jobs.take() {
		err := h.jobs.work[j.Kind](h.t.Context(), j.Args)
		if fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Conflict) {
			again = append(again, *j)
			continue
		}
		require.NoError(h.t, err, j.Kind)
	}
	for _, j := range again {
		h.tx(func(_ context.Context, tx pg.Tx) error {
			return tx.Gorm().Exec("UPDATE river_job SET state = 'available', finalized_at = NULL WHERE id = ?", j.ID).Error
		})
	}
}

// queued counts the jobs of a kind that wait.
func (h *house) queued(kind string) int {
	h.t.Helper()
	return read[int](h, "SELECT count(*) FROM river_job WHERE kind = ? AND state IN ('available', 'scheduled')", kind)
}
