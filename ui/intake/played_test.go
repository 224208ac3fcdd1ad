package intake_test

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/identity"
	"caconsole/admin/invoice"
	"caconsole/admin/job"
	"caconsole/admin/notify"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

// jobs keeps what was asked for until work runs it.
type jobs struct {
	sync.Mutex
	waiting []river.JobArgs
}

func (j *jobs) Enqueue(_ context.Context, _ pg.Tx, args river.JobArgs, _ ...job.Option) error {
	j.Lock()
	defer j.Unlock()
	j.waiting = append(j.waiting, args)
	return nil
}

// work runs the jobs of this app's use cases until none is left.
func (h *hall) work() {
	h.t.Helper()
	for {
		h.jobs.Lock()
		waiting := h.jobs.waiting
		h.jobs.waiting = nil
		h.jobs.Unlock()
		if len(waiting) == 0 {
			return
		}
		for _, args := range waiting {
			var err error
			switch a := args.(type) {
			case notify.SendArgs:
				err = h.flow.SendMessage(h.t.Context(), a.ID)
			case flow.TelecomCheckArgs:
				err = h.flow.TelecomCheck(h.t.Context(), flow.TelecomCheckArgs{OrderNo: a.OrderNo, Try: 99})
			case flow.IdentityResultArgs:
				err = h.flow.IdentityResult(h.t.Context(), a.AttemptID)
			}
			require.NoError(h.t, err)
		}
	}
}

// phone is the SMS vendor and every phone at once.
type phone struct {
	sync.Mutex
	got []notify.Outgoing
}

func (p *phone) Send(_ context.Context, m notify.Outgoing) (string, error) {
	p.Lock()
	defer p.Unlock()
	p.got = append(p.got, m)
	return m.ID.String(), nil
}

func (p *phone) Find(context.Context, notify.Outgoing) (notify.Report, error) {
	return notify.Report{}, nil
}

func (p *phone) Name() string { return "played" }

func (p *phone) Reported(body []byte) ([]string, error) { return strings.Fields(string(body)), nil }

// code is the last login code a phone got.
func (p *phone) code(to string) string {
	p.Lock()
	defer p.Unlock()
	for i := len(p.got) - 1; i >= 0; i-- {
		if p.got[i].To.Reveal() == to && p.got[i].Template == notify.Login {
			return p.got[i].Params[0]
		}
	}
	return ""
}

// faceVendor plays the identity vendor.
type faceVendor struct {
	sync.Mutex
	down   bool
	starts []identity.Subject
	token  string
	result identity.Result
}

func (v *faceVendor) Name() string { return "played" }

func (v *faceVendor) Start(_ context.Context, s identity.Subject) (identity.Session, error) {
	v.Lock()
	defer v.Unlock()
	v.starts = append(v.starts, s)
	if v.down {
		return identity.Session{}, fault.Down("vendor_unavailable", 30*time.Second, nil)
	}
	v.token = "T-" + s.Ref.String()
	return identity.Session{Token: v.token, URL: "https://face.example/" + v.token}, nil
}

func (v *faceVendor) Result(context.Context, string) (identity.Result, error) {
	v.Lock()
	defer v.Unlock()
	return v.result, nil
}

func (v *faceVendor) Hint(body []byte) (string, error) {
	token, ok := strings.CutPrefix(string(body), "token=")
	if !ok {
		return "", fault.New(fault.Invalid, "callback_unreadable", nil)
	}
	return token, nil
}

// appear lets a person stand before the phone.
func (v *faceVendor) appear(name, number string, score int) {
	v.Lock()
	defer v.Unlock()
	v.result = identity.Result{
		Done: true, Live: true, Compared: true, Score: score, Code: "0", Raw: []byte("{}"),
		Person:   identity.Person{Name: seal.Secret(name), IDNumber: seal.Secret(number)},
		Pictures: map[identity.Picture][]byte{identity.BestFrame: []byte("frame")},
	}
}

// carriers plays the telecom check.
type carriers struct{ outcome identity.Outcome }

func (c *carriers) Check(context.Context, seal.Secret, seal.Secret, seal.Secret) (identity.Check, error) {
	return identity.Check{Outcome: c.outcome, Code: "0"}, nil
}

// printer plays the invoice vendor.
type printer struct{}

func (printer) Issue(context.Context, invoice.Order) error { return nil }

func (printer) Query(_ context.Context, serial string) (invoice.Answer, error) {
	return invoice.Answer{Found: true, State: invoice.Issued, VendorSerial: serial, Number: "26442000000000000001", PDFURL: "x"}, nil
}

func (printer) AskRed(context.Context, invoice.RedOrder) error { return nil }

func (printer) QueryRed(context.Context, string) (invoice.RedAnswer, error) {
	return invoice.RedAnswer{Found: true, State: invoice.RedIssued, FormState: "01", Number: "26442000000000000009", PDFURL: "x"}, nil
}

func (printer) Fetch(context.Context, string) ([]byte, error) { return []byte("%PDF-1.7 invoice"), nil }

func (printer) Name() string { return "played" }

func (printer) Hint(body []byte) (string, error) { return string(body), nil }

// till plays a payment vendor: it signs nothing, and what does not say which payment was paid is forged.
type till struct {
	payment.Vendor
	sync.Mutex
	method payment.Method
	asked  []payment.Ask
	refuse bool // the next payment
}

func (v *till) refuseOnce() {
	v.Lock()
	defer v.Unlock()
	v.refuse = true
}

func (v *till) Create(_ context.Context, a payment.Ask) (string, error) {
	v.Lock()
	defer v.Unlock()
	if v.refuse {
		v.refuse = false
		return "", fault.New(fault.Conflict, "payment_vendor_refused", fault.Args{"code": "NO_AUTH"})
	}
	v.asked = append(v.asked, a)
	return string(v.method) + "://pay/" + a.OwnNo, nil
}

func (v *till) Query(context.Context, string) (payment.Trade, error) {
	return payment.Trade{State: payment.TradeWaiting}, nil
}

func (v *till) Close(context.Context, string) (payment.TradeState, error) {
	return payment.TradeClosed, nil
}

func (v *till) Notice(_ map[string]string, body []byte, at time.Time) (payment.Notice, error) {
	v.Lock()
	defer v.Unlock()
	own, ok := strings.CutPrefix(string(body), "paid=")
	if !ok {
		return payment.Notice{}, fault.New(fault.Invalid, "callback_signature", nil)
	}
	for _, a := range v.asked {
		if a.OwnNo == own {
			return payment.Notice{Kind: payment.NoticePaid, OwnNo: own, Received: payment.Received{TransactionID: "V" + own, Amount: a.Amount, Currency: "CNY", PaidAt: at}}, nil
		}
	}
	return payment.Notice{Kind: payment.NoticePaid, OwnNo: own}, nil
}

// last is our number of the payment asked for last.
func (v *till) last() string {
	v.Lock()
	defer v.Unlock()
	return v.asked[len(v.asked)-1].OwnNo
}
