package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/job"
	"caconsole/admin/pg"
	"caconsole/reconcile"
)

// MatchRunArgs asks for a matching run over everything open. Whatever changes the open set enqueues one; it begins after
// that change, so what is changed during a run is served by the next one.
type MatchRunArgs struct{}

// MatchQueue is where MatchRunArgs belong. It has one worker: two runs at once would do the same work.
const MatchQueue = "match"

// Kind names the job for River.
func (MatchRunArgs) Kind() string { return "match_run" }

// wantMatchRun enqueues a run unless one waits already.
func (f *Flow) wantMatchRun(ctx context.Context, tx pg.Tx) error {
	return f.Jobs.Enqueue(ctx, tx, MatchRunArgs{}, job.Queue(MatchQueue), job.UniqueWaiting())
}

// MatchRun proposes over the whole open set and carries out what needs no person, each order in a transaction of its
// own. A proposal that went stale meanwhile is left to the next run. It is the job's worker and the sweep's function.
func (f *Flow) MatchRun(ctx context.Context) error {
	proposals, err := f.Ledger.Run(ctx)
	if err != nil {
		return err
	}
	a := actor.Job("match_run")
	return each(proposals, func(p reconcile.Proposal) error {
		return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
			_, err := f.allocate(ctx, tx, a, p.OrderNo, reconcile.Allocation{
				LineID: p.Line, ReceivableID: p.Order, Amount: p.Amount, Source: reconcile.Auto, Score: p.Score, Reasons: p.Reasons,
			})
			return err
		})
	})
}
