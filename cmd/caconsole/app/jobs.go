package app

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/idem"
	"caconsole/admin/invoice"
	"caconsole/admin/job"
	"caconsole/admin/notify"
	"caconsole/admin/pg"
)

// Work does one job. It is the only place that knows which use case a kind of job means.
func Work(ctx context.Context, f *flow.Flow, args job.Args) error {
	switch a := args.(type) {
	case flow.IssueArgs:
		return f.Issue(ctx, a.RequestID)
	case flow.MatchRunArgs:
		return f.MatchRun(ctx)
	case flow.TelecomCheckArgs:
		return f.TelecomCheck(ctx, a)
	case flow.IdentityResultArgs:
		return f.IdentityResult(ctx, a.AttemptID)
	case flow.DeliveryArgs:
		return f.CheckDelivery(ctx, a.MessageID)
	case notify.SendArgs:
		return f.SendMessage(ctx, a.ID)
	case invoice.IssueArgs:
		return f.IssueInvoice(ctx, a.ID)
	case invoice.RedArgs:
		return f.RedLetter(ctx, a.ID)
	case flow.AskPaymentArgs:
		return f.AskPayment(ctx, a.IntentID)
	case flow.RefundArgs:
		return f.SendRefund(ctx, a.RefundID)
	case flow.RegistryArgs:
		return f.SendRegistry(ctx, a.Digest)
	case flow.ProfileArgs:
		return f.SendProfile(ctx, a.Digest)
	case flow.EndDelegationArgs:
		return f.TellDelegation(ctx, a.ID)
	case flow.RevokeArgs:
		return f.Revoke(ctx, a.RevocationID)
	case flow.ListArgs:
		return f.MakeList(ctx)
	case document.PagesArgs:
		return drawPages(ctx, f, a)
	}
	return fmt.Errorf("no worker for jobs of kind %q", args.Kind())
}

// drawPages makes a document's page images step by step; each step is stored, so that a job that is cut off loses one.
func drawPages(ctx context.Context, f *flow.Flow, a document.PagesArgs) error {
	for {
		done, err := f.Documents.RenderPages(ctx, a.DocumentID)
		if err != nil || done {
			return err
		}
	}
}

// handle registers the worker of a kind of job. A job whose subject has gone for good is not tried again.
func handle[T job.Args](r *job.Registry, f *flow.Flow) {
	job.Handle(r, func(ctx context.Context, args T) error {
		err := Work(ctx, f, args)
		if fault.Is(err, fault.NotFound) {
			return job.GiveUp(err)
		}
		return err
	})
}

// queues are the workers of what must keep nobody's message waiting: page images take a processor each, matching runs
// look at everything open.
var queues = map[string]int{document.PagesQueue: max(1, runtime.NumCPU()/2), flow.MatchQueue: 1}

// NewJobs makes the client that queues the use cases' jobs and, once started, works them.
func NewJobs(h *House, f *flow.Flow) (*job.Client, error) {
	r := job.NewRegistry()
	register(r, f)
	return job.NewClient(h.DB, r, job.Options{Logger: h.Log, Queues: queues})
}

// register names every worker and every sweep. The sweeps are what recovery rests on: each asks its domain what hangs.
func register(r *job.Registry, f *flow.Flow) {
	handle[flow.IssueArgs](r, f)
	handle[flow.MatchRunArgs](r, f)
	handle[flow.TelecomCheckArgs](r, f)
	handle[flow.IdentityResultArgs](r, f)
	handle[flow.DeliveryArgs](r, f)
	handle[notify.SendArgs](r, f)
	handle[invoice.IssueArgs](r, f)
	handle[invoice.RedArgs](r, f)
	handle[flow.AskPaymentArgs](r, f)
	handle[flow.RefundArgs](r, f)
	handle[flow.RevokeArgs](r, f)
	handle[flow.ListArgs](r, f)
	handle[flow.RegistryArgs](r, f)
	handle[flow.ProfileArgs](r, f)
	handle[flow.EndDelegationArgs](r, f)
	handle[document.PagesArgs](r, f)

	job.Periodic(r, 3*time.Second, "issues", f.SweepIssues)
	job.Periodic(r, 5*time.Second, "revocations", f.SweepRevocations)
	job.Periodic(r, 5*time.Second, "revocation_lists", f.MakeList)
	job.Periodic(r, 5*time.Second, "claims", f.SweepClaims)
	job.Periodic(r, 5*time.Second, "messages", f.SweepMessages)
	job.Periodic(r, 5*time.Second, "invoices", f.SweepInvoices)
	job.Periodic(r, 5*time.Second, "red_letters", f.SweepRedLetters)
	job.Periodic(r, 5*time.Second, "identities", f.SweepIdentities)
	job.Periodic(r, 5*time.Second, "payments", f.SweepPayments)
	job.Periodic(r, 5*time.Second, "refunds", f.SweepRefunds)
	job.Periodic(r, 30*time.Second, "payment_notices", f.SweepNotices)
	job.Periodic(r, 15*time.Second, "expired", f.SweepExpired)
	job.Periodic(r, 30*time.Second, "page_images", f.SweepPages)
	job.Periodic(r, time.Minute, "match_run", f.MatchRun)
	job.Periodic(r, time.Minute, "waiting", f.SweepWaiting)
	job.Periodic(r, time.Minute, "telecom", f.SweepTelecom)
	job.Periodic(r, 10*time.Minute, "expiring", f.SweepExpiring)
	job.Periodic(r, time.Minute, "authority", f.KeepAuthority)
	job.Periodic(r, time.Minute, "approvals", f.SweepApprovals)
	job.Periodic(r, 5*time.Second, "registry", f.SweepRegistry)
	job.Periodic(r, 10*time.Second, "profile", f.SweepProfile)
	job.Periodic(r, 15*time.Second, "delegations", f.SweepDelegations)
	job.Periodic(r, 5*time.Second, "signer", f.WatchSigner)
	job.Periodic(r, 15*time.Second, "journal", f.CheckJournal)
	job.Periodic(r, time.Hour, "forget", func(ctx context.Context) error { return forget(ctx, f) })
}

const (
	// callbackLife is how long a settled callback is kept as it came.
	callbackLife = 90 * 24 * time.Hour
	// repeatLife is how long a repeated request is known by its idempotency key: longer than any client tries.
	repeatLife = 7 * 24 * time.Hour
)

// forget removes what is over and proves nothing: login codes and tokens, full rate limits, old callbacks and
// idempotency keys.
func forget(ctx context.Context, f *flow.Flow) error {
	if _, err := f.Throttle.Forget(ctx); err != nil {
		return err
	}
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		if err := f.Applicants.Sweep(ctx, tx, f.Now()); err != nil {
			return err
		}
		if err := f.Keys.Forget(ctx, tx); err != nil {
			return err
		}
		if _, err := idem.Forget(ctx, tx, f.Now().Add(-repeatLife)); err != nil {
			return err
		}
		_, err := f.Inbox.Forget(ctx, tx, f.Now().Add(-callbackLife))
		return err
	})
}
