package app

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/applicant"
	"caconsole/admin/audit"
	"caconsole/admin/board"
	"caconsole/admin/document"
	"caconsole/admin/flow"
	"caconsole/admin/identity"
	"caconsole/admin/inbox"
	"caconsole/admin/invoice"
	"caconsole/admin/job"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
	"caconsole/admin/project"
	"caconsole/admin/review"
	"caconsole/admin/staff"
	"caconsole/admin/throttle"
	"caconsole/issuance"
	"caconsole/issuance/manual"
	"caconsole/issuance/staffkey"
	"caconsole/rbac"
	"caconsole/reconcile"
)

// NewFlow puts the domains together. publicURL is the base of the public app, without a slash at its end.
func NewFlow(h *House, out Outside, jobs job.Enqueuer, publicURL string) (*flow.Flow, error) {
	checkpoints, err := h.Ring.CheckpointKey()
	if err != nil {
		return nil, err
	}
	log := audit.New(h.DB, checkpoints, h.Now)
	limits := throttle.New(h.DB, h.Now)
	f := &flow.Flow{
		DB: h.DB, Now: h.Now, Log: h.Log, Jobs: jobs, Started: h.Now(),
		Audit: log, Inbox: inbox.New(h.DB, h.Ring, h.Now), Throttle: limits,
		Board:      board.New(h.DB, h.Now),
		Applicants: applicant.NewApplicants(h.Ring),
		Documents:  document.New(h.DB, h.Vault, h.Now),
		Identities: identity.New(h.Vault, h.Now),
		Invoices:   invoice.New(h.DB, h.Vault, out.Invoice, h.Now),
		Issuance:   issuance.New(out.Signer, h.Now),
		Keys:       staffkey.New(h.Now),
		Manual:     manual.New(h.Ring, h.Now),
		Registrar:  out.Signer,
		Profiler:   out.Signer,
		Ledger:     reconcile.New(h.DB, h.Vault, h.Now, order.ValidNo),
		Messages:   notify.New(notify.Options{DB: h.DB, Ring: h.Ring, Jobs: jobs, Senders: out.Senders, Now: h.Now}),
		Orders:     order.NewOrders(h.Ring, h.Now, reviewDue(project.Projects{})),
		Payments:   payment.New(h.Now),
		Projects:   &project.Projects{},
		Reviews:    review.NewReviews(h.Now),
		Staff:      NewStaff(h, log, limits),
		PublicURL:  publicURL, FaceVendor: out.Face, TelecomVendor: out.Telecom, PayVendors: out.Pay,
	}
	f.Staff.OnSessionEnd(f.SessionEnded)
	f.Issuance.UseRevoker(out.Signer)
	f.Issuance.UseLedger(out.Signer)
	if out.Keys != nil {
		f.Issuance.UseKeyCentre(out.Keys)
	}
	return f, nil
}

// NewStaff makes the staff's accounts; the command that makes accounts needs no more than these.
func NewStaff(h *House, log *audit.Log, limits *throttle.Throttle) *staff.Accounts {
	return staff.New(staff.Options{DB: h.DB, Ring: h.Ring, Limiter: limits, Audit: log, Now: h.Now, Exclusive: rbac.CheckRoles})
}

// reviewDue promises a verdict within a project's working hours.
func reviewDue(projects project.Projects) order.Due {
	return func(ctx context.Context, q pg.Q, id uuid.UUID, from time.Time) (time.Time, error) {
		settings, err := projects.Settings(ctx, q, id, from)
		if err != nil {
			return time.Time{}, fmt.Errorf("review due: %w", err)
		}
		worked, err := projects.Calendar(ctx, q)
		if err != nil {
			return time.Time{}, fmt.Errorf("review due: %w", err)
		}
		return worked.Add(from, time.Duration(settings.ReviewHours)*time.Hour), nil
	}
}
