// Package flow holds the use cases that touch two domains or an order's gate: one file each. A use case opens the
// transaction, calls the domains in the lock order (orders ascending, bank lines, receivables) and enqueues what
// follows in the same transaction. It holds no SQL and no rule of its own: rules live in the domain that owns the noun.
//
// Outside calls never happen inside a transaction: a use case stores the intent, calls, then stores the answer; all
// that need not be answered at once is a job. Recovery never rests on the queue alone: the sweeps in sweep.go ask the
// domains what hangs.
package flow

import (
	"log/slog"
	"time"

	"caconsole/admin/applicant"
	"caconsole/admin/audit"
	"caconsole/admin/board"
	"caconsole/admin/document"
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
	"caconsole/reconcile"
)

// Flow has every part a use case may need. All fields are set by package cmd; none but PayVendors may be nil.
type Flow struct {
	DB   *pg.DB
	Now  func() time.Time
	Log  *slog.Logger
	Jobs job.Enqueuer

	// Started is when this process began to serve: database and journal are compared then. Zero: every night only.
	Started time.Time

	Audit    *audit.Log
	Inbox    *inbox.Inbox
	Throttle *throttle.Throttle

	Board      *board.Board
	Applicants *applicant.Applicants
	Documents  *document.Documents
	Identities *identity.Identities
	Invoices   *invoice.Invoices
	Issuance   *issuance.Service
	Keys       *staffkey.Keys
	Ledger     *reconcile.Ledger
	Manual     *manual.Orders
	Messages   *notify.Messages
	Orders     *order.Orders
	Payments   *payment.Payments
	Projects   *project.Projects
	Reviews    *review.Reviews
	Staff      *staff.Accounts

	// Registrar is the signer, where it keeps whose keys count. Calls are never inside a transaction.
	Registrar Registrar

	// Profiler is the signer, where it keeps its profiles. Calls are never inside a transaction.
	Profiler Profiler

	// PublicURL is the base of the public app as phones and vendors reach it, without a slash at its end.
	PublicURL string

	// FaceVendor and TelecomVendor answer for the outside world; calls to them are never inside a transaction.
	FaceVendor    identity.Vendor
	TelecomVendor identity.Telecom

	// PayVendors are the ways to pay at once that this installation has an account for; one that is not there is not
	// offered. Calls to them are never inside a transaction.
	PayVendors map[payment.Method]payment.Vendor
}
