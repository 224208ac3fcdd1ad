package flow_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"caconsole/admin/fault"
	"caconsole/admin/identity"
	"caconsole/admin/invoice"
	"caconsole/admin/notify"
	"caconsole/admin/seal"
	"caconsole/issuance/cert"
	"caconsole/issuance/signer"
)

// wire is the signer behind a connection that may break.
type wire struct {
	*signer.Engine
	sync.Mutex
	down bool // no call gets through
	lose bool // the signer works and its answer is lost
}

var errSignerDown = fault.Down("signer_unavailable", time.Second, nil)

func (w *wire) set(down, lose bool) {
	w.Lock()
	defer w.Unlock()
	w.down, w.lose = down, lose
}

func (w *wire) state() (down, lose bool) {
	w.Lock()
	defer w.Unlock()
	return w.down, w.lose
}

func (w *wire) Issue(ctx context.Context, in cert.Instruction) (cert.Issued, error) {
	down, lose := w.state()
	if down {
		return cert.Issued{}, errSignerDown
	}
	out, err := w.Engine.Issue(ctx, in)
	if lose {
		return cert.Issued{}, errSignerDown
	}
	return out, err
}

func (w *wire) Close(ctx context.Context, id string) (cert.Closing, error) {
	if down, _ := w.state(); down {
		return cert.Closing{}, errSignerDown
	}
	return w.Engine.Close(ctx, id)
}

// post is the vendor of one channel together with everybody's phone or mailbox.
type post struct {
	sync.Mutex
	got    []notify.Outgoing
	refuse bool // for good
	lose   bool // it goes out and the answer is lost
}

func newPost() *post { return &post{} }

func (p *post) Send(_ context.Context, m notify.Outgoing) (string, error) {
	p.Lock()
	defer p.Unlock()
	if p.refuse {
		return "", fault.New(fault.Invalid, "message_refused", fault.Args{"code": "BlackList"})
	}
	p.got = append(p.got, m)
	if p.lose {
		return "", fault.Down("vendor_unavailable", time.Second, nil)
	}
	return "P-" + m.ID.String(), nil
}

func (p *post) Find(_ context.Context, m notify.Outgoing) (notify.Report, error) {
	p.Lock()
	defer p.Unlock()
	if slices.ContainsFunc(p.got, func(g notify.Outgoing) bool { return g.ID == m.ID }) {
		return notify.Report{Found: true, ProviderID: "P-" + m.ID.String(), State: notify.Delivered}, nil
	}
	return notify.Report{}, nil
}

// to lists what one recipient got of a template.
func (p *post) to(recipient string, t notify.Template) []notify.Outgoing {
	p.Lock()
	defer p.Unlock()
	var out []notify.Outgoing
	for _, m := range p.got {
		if m.To.Reveal() == recipient && m.Template == t {
			out = append(out, m)
		}
	}
	return out
}

// face plays the identity vendor: every token has the result that appear set last for it, or else for all.
type face struct {
	sync.Mutex
	result identity.Result
	err    error
}

func (v *face) Name() string { return "played" }

func (v *face) Start(_ context.Context, s identity.Subject) (identity.Session, error) {
	return identity.Session{Token: "T-" + s.Ref.String(), URL: "https://face.example/" + s.Ref.String()}, nil
}

func (v *face) Result(context.Context, string) (identity.Result, error) {
	v.Lock()
	defer v.Unlock()
	return v.result, v.err
}

func (v *face) Hint(body []byte) (string, error) {
	token, ok := strings.CutPrefix(string(body), "token=")
	if !ok {
		return "", fault.New(fault.Invalid, "callback_unreadable", nil)
	}
	return token, nil
}

// answer sets what the vendor knows from now on.
func (v *face) answer(r identity.Result, err error) {
	v.Lock()
	defer v.Unlock()
	v.result, v.err = r, err
}

// passed is the result of a person who stood before the phone with their own card.
func passed(name, number string) identity.Result {
	return identity.Result{
		Done: true, Live: true, Compared: true, Score: 9500, Code: "0", Raw: []byte("{}"),
		Person:   identity.Person{Name: seal.Secret(name), IDNumber: seal.Secret(number)},
		Pictures: map[identity.Picture][]byte{identity.BestFrame: []byte("frame")},
	}
}

// carriers plays the telecom check.
type carriers struct {
	outcome identity.Outcome
	during  func() // happens once while a carrier is asked
}

func (c *carriers) Check(context.Context, seal.Secret, seal.Secret, seal.Secret) (identity.Check, error) {
	if during := c.during; during != nil {
		c.during = nil
		during()
	}
	return identity.Check{Outcome: c.outcome, Code: "0"}, nil
}

// printer plays the invoice vendor, which takes a serial once.
type printer struct {
	sync.Mutex
	asked  map[string]int // calls by serial
	taken  map[string]bool
	lose   bool              // it is taken and the answer is lost
	refuse string            // cause
	red    invoice.RedAnswer // what it says of every red letter asked for; one issued at once where empty
}

func newPrinter() *printer { return &printer{asked: map[string]int{}, taken: map[string]bool{}} }

func (p *printer) AskRed(_ context.Context, o invoice.RedOrder) error {
	return p.Issue(context.Background(), invoice.Order{Serial: o.Serial})
}

func (p *printer) QueryRed(_ context.Context, serial string) (invoice.RedAnswer, error) {
	p.Lock()
	defer p.Unlock()
	switch {
	case !p.taken[serial]:
		return invoice.RedAnswer{}, nil
	case p.red.State != "":
		return p.red, nil
	}
	return invoice.RedAnswer{Found: true, State: invoice.RedIssued, FormState: "01", Number: "26442000000000000009", PDFURL: "x"}, nil
}

// says sets what is answered about red letters from now on.
func (p *printer) says(a invoice.RedAnswer) {
	p.Lock()
	defer p.Unlock()
	p.red = a
}

func (p *printer) Issue(_ context.Context, o invoice.Order) error {
	p.Lock()
	defer p.Unlock()
	p.asked[o.Serial]++
	if p.refuse != "" {
		return fault.New(fault.Invalid, "invoice_refused", fault.Args{"code": "E1", "cause": p.refuse})
	}
	p.taken[o.Serial] = true
	if p.lose {
		return fault.Down("vendor_unavailable", time.Second, nil)
	}
	return nil
}

func (p *printer) Query(_ context.Context, serial string) (invoice.Answer, error) {
	p.Lock()
	defer p.Unlock()
	if !p.taken[serial] {
		return invoice.Answer{}, nil
	}
	return invoice.Answer{Found: true, State: invoice.Issued, VendorSerial: "V" + serial, Number: "26442000000000000001", PDFURL: "x"}, nil
}

func (p *printer) Fetch(context.Context, string) ([]byte, error) {
	return []byte("%PDF-1.7 invoice"), nil
}
