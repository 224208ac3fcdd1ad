// Package history plays the past of a demonstration: applicants hand in papers, finance imports statements, reviewers
// decide, issuers confirm, drivers collect, all through the use cases a running console serves and the functions that
// work its jobs, on a clock that runs through some working days. What is left at the end is a present with orders in
// every stage, an audit trail and a signer's journal that tell how each came there.
package history

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/flow"
	"caconsole/admin/identity"
	"caconsole/admin/job"
	"caconsole/admin/notify"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
	"caconsole/cmd/applicant/outbox"
	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/applicant/person"
	"caconsole/cmd/applicant/vendors/nuonuo"
	"caconsole/cmd/caconsole/app"
	"caconsole/cmd/caconsole/demo/holder"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/reconcile"
)

// Staff are the people of the house, by role.
type Staff map[string][]actor.Actor

// StaffKeys are the keys that staff sign with, by the person.
type StaffKeys map[uuid.UUID]*sm2.PrivateKey

// Seller is who sells certificates, as invoices and statements name it.
type Seller struct{ Name, TaxNo string }

// Artist draws what people hand in; package paper has one.
type Artist interface {
	LicenceCopy(l paper.Licence) ([]byte, error)
	ScanForm(ctx context.Context, pdf []byte, f paper.Form) (scan []byte, mediaType string, err error)
	Remittance(v paper.Voucher) ([]byte, error)
	CardFront(who person.Person, seed uint64) ([]byte, error)
	CardBack(who person.Person, issued time.Time, seed uint64) ([]byte, error)
	Face(seed uint64) ([]byte, error)
	InvoiceSheet(v paper.Invoice) ([]byte, error)
}

// Options say what past to play.
type Options struct {
	House      *app.House // on Clock
	Clock      *Clock
	Present    time.Time  // where the past ends
	Signer     app.Signer // on Clock
	Outbox     *outbox.Box
	Painter    Artist
	Staff      Staff
	StaffKeys  StaffKeys
	Seller     Seller
	Accounts   []Account         // the one payers are told comes first
	Orders     []holder.Ukey     // a certificate for each order
	Free       []holder.Ukey     // certificates nobody has renewed yet
	Projects   [2]uuid.UUID      // the one that keeps keys, and the one that re-keys
	Progress   func(entered int) // is told how many orders have been entered
	PublicURL  string
	Statements string // folder for what is left to import
	Vendors    Vendors
	Log        *slog.Logger
}

// world is a past being played.
type world struct {
	Options
	flow      *flow.Flow
	sequencer *audit.Sequencer
	studio    *studio
	faces     *faces
	bureau    *bureau
	codes     map[string]string // log-in codes by phone
	wallets   map[payment.Method]*wallet
	portraits map[string]map[identity.Picture]*drawing
	licences  map[string]*drawing
	queue     job.Enqueuer // of the running console
	tills     []*till

	agenda     agenda
	planned    int
	wanted     []wantedJob
	runPlanned bool
	uploading  *story    // whose paper is being handed in
	signerBack time.Time // the signer is down until then
	fetches    int
	entered    int // orders
}

// progressEvery is after how many orders Options.Progress is told.
const progressEvery = 60

// Make plays the past. Page images are left to the running console: those of papers that staff will look at are in its
// queue, the others its sweep finds.
func Make(ctx context.Context, o Options) error {
	drawingCtx, closeStudio := context.WithCancel(ctx)
	w := &world{
		Options: o, studio: openStudio(drawingCtx, 16*(len(o.Orders)+1)), codes: map[string]string{},
		portraits: map[string]map[identity.Picture]*drawing{}, licences: map[string]*drawing{},
	}
	defer w.studio.done.Wait()
	defer closeStudio()
	var err error
	if w.tills, err = openTills(o.Accounts); err != nil {
		return err
	}
	if err := w.build(); err != nil {
		return err
	}
	if err := w.found(ctx); err != nil {
		return err
	}
	stories := w.planStories()
	if err := w.play(ctx, o.Present); err != nil {
		return err
	}
	if err := w.review(ctx, stories); err != nil {
		return err
	}
	if err := errors.Join(w.leave(), w.remember()); err != nil {
		return err
	}
	_, err = w.sequencer.Pass(ctx)
	return err
}

func (w *world) build() error {
	w.faces = &faces{w: w, sessions: map[string]identity.Subject{}, outcome: map[string]outcome{}}
	w.bureau = &bureau{w: w, sheets: map[string]*drawing{}, number: map[string]string{}, refuse: map[string]bool{}, issued: map[string]*nuonuo.Issued{}}
	post := func(channel, sign string) *post {
		return &post{box: w.Outbox, channel: channel, sign: sign, codes: w.codes}
	}
	pay := map[payment.Method]payment.Vendor{}
	w.wallets = map[payment.Method]*wallet{}
	for method := range codes {
		w.wallets[method] = newWallet(method, w.Clock.Now)
		pay[method] = w.wallets[method]
	}
	out := app.Outside{
		Pay: pay, Face: w.faces, Telecom: carriers{}, Invoice: w.bureau, Signer: w.Signer,
		Senders: map[notify.Channel]notify.Sender{notify.SMS: post(outbox.SMS, "【深圳CA】"), notify.Mail: post(outbox.Mail, "")},
	}
	var err error
	if w.flow, err = app.NewFlow(w.House, out, w, w.PublicURL); err != nil {
		return err
	}
	if w.queue, err = app.NewJobs(w.House, w.flow); err != nil {
		return err
	}
	w.sequencer = &audit.Sequencer{Log: w.flow.Audit, Logger: w.Log}
	return nil
}

// found makes the bank accounts and enters the certificates.
func (w *world) found(ctx context.Context) error {
	if err := w.flow.KeepAuthority(ctx); err != nil {
		return err
	}
	return w.flow.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		for _, a := range slices.Backward(w.Accounts) { // payers are told the newest
			_, err := w.flow.Ledger.AddAccount(ctx, tx, reconcile.Account{
				ProjectID: w.Projects[0], Bank: a.Bank, Branch: a.Branch, No: a.Number, OwnName: a.Name,
			})
			if err != nil {
				return err
			}
		}
		return w.enter(ctx, tx)
	})
}

// enter takes the certificates into the store.
func (w *world) enter(ctx context.Context, tx pg.Tx) error {
	for _, list := range [][]holder.Ukey{w.Orders, w.Free} {
		for _, u := range list {
			project := w.Projects[0]
			if u.Keys == cert.CSRKeys {
				project = w.Projects[1]
			}
			_, err := w.flow.Issuance.Import(ctx, tx, issuance.Import{
				ProjectID: project, MediumNo: u.Medium, Holder: u.Company.Name, OrgIDKind: "credit_code", OrgIDNumber: u.Company.CreditCode, Certs: u.Pair,
			})
			if err != nil {
				return fmt.Errorf("certificate %s: %w", u.Serial, err)
			}
		}
	}
	return nil
}

// review looks where every story has come to. One that ended elsewhere than it was meant to is in the log.
func (w *world) review(ctx context.Context, stories []*story) error {
	for _, s := range stories {
		o, err := w.flow.Orders.Get(ctx, w.flow.DB.Read(ctx), actor.Job("demo"), s.no)
		if err != nil {
			return fmt.Errorf("order of fate %s: %w", s.fate, err)
		}
		if o.Stage != ends[s.fate] {
			w.Log.WarnContext(ctx, "order ended elsewhere", "order", s.no, "fate", string(s.fate), "stage", string(o.Stage))
		}
	}
	return nil
}

// who is one of the people with a role, in turn.
func (w *world) who(role string, turn int) actor.Actor {
	people := w.Staff[role]
	return people[turn%len(people)]
}

// outage is how long a job waits because the signer is down.
func (w *world) outage(args job.Args) time.Duration {
	if _, signs := args.(flow.IssueArgs); !signs {
		return 0
	}
	return max(0, w.signerBack.Sub(w.Clock.Now()))
}
