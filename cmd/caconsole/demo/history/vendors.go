package history

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/identity"
	"caconsole/admin/invoice"
	"caconsole/admin/notify"
	"caconsole/admin/seal"
	"caconsole/cmd/applicant/outbox"
	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/applicant/vendors/nuonuo"
)

// The outside world of the past answers on the clock of the past; the vendors a running demo calls have another.

// faces is the identity vendor. What a try comes to is decided by the story that makes it.
type faces struct {
	w        *world
	sessions map[string]identity.Subject
	outcome  map[string]outcome // by ID number, of the next result
}

// outcome is what a try comes to.
type outcome struct {
	live  bool
	score int // hundredths
}

// Name is that of the vendor a running demo calls.
func (*faces) Name() string { return "tencent" }

// Start begins a session.
func (f *faces) Start(_ context.Context, s identity.Subject) (identity.Session, error) {
	token := strings.ToUpper(uuid.NewString())
	f.sessions[token] = s
	return identity.Session{Token: token, URL: "https://faceid.invalid/face/" + token}, nil
}

// Hint reads a callback as the vendor's own client does.
func (f *faces) Hint(body []byte) (string, error) {
	var in struct{ BizToken string }
	if err := json.Unmarshal(body, &in); err != nil || f.sessions[in.BizToken].Ref == uuid.Nil {
		return "", fault.New(fault.Invalid, "callback_unreadable", nil)
	}
	return in.BizToken, nil
}

// Result tells what became of a session.
func (f *faces) Result(ctx context.Context, token string) (identity.Result, error) {
	s := f.sessions[token]
	id := s.Person.IDNumber.Reveal()
	o := f.outcome[id]
	r := identity.Result{
		Done: true, Person: s.Person, Live: o.live, Compared: o.live, Score: o.score, Library: "权威库", Code: "0",
		Pictures: map[identity.Picture][]byte{}, Raw: []byte(`{"LivenessMode":"0","CompareLibType":"权威库"}`),
	}
	if !o.live {
		r.Code = "2004"
	}
	for which, d := range f.w.portraits[id] {
		picture, err := d.wait(ctx)
		if err != nil {
			return identity.Result{}, err
		}
		r.Pictures[which] = picture
	}
	return r, nil
}

// carriers answer by the phone's last digits, as the simulator does.
type carriers struct{}

// Check compares nothing: the ending of the phone decides.
func (carriers) Check(_ context.Context, _, _, phone seal.Secret) (identity.Check, error) {
	switch p := phone.Reveal(); p[len(p)-4:] {
	case "0004":
		return identity.Check{Outcome: identity.Mismatch, Code: "-4", Carrier: "移动"}, nil
	case "0009":
		return identity.Check{Outcome: identity.Unknown, Code: "-9"}, nil
	}
	return identity.Check{Outcome: identity.Match, Code: "0", Carrier: "移动"}, nil
}

// post carries messages to the outbox and remembers the log-in codes it saw, as their readers do.
type post struct {
	box     *outbox.Box
	channel string
	sign    string
	codes   map[string]string // by phone
}

// Send delivers a message.
func (p *post) Send(_ context.Context, m notify.Outgoing) (string, error) {
	template := ""
	if p.channel == outbox.SMS {
		template = string(m.Template)
	}
	if m.Template == notify.Login {
		p.codes[m.To.Reveal()] = m.Params[0]
	}
	err := p.box.Put(outbox.Message{Channel: p.channel, To: m.To.Reveal(), Template: template, Subject: m.Subject, Text: p.sign + m.Text, At: m.At})
	return "past-" + m.ID.String(), err
}

// Find knows that every SMS arrived; nobody knows that of a mail.
func (p *post) Find(_ context.Context, m notify.Outgoing) (notify.Report, error) {
	if p.channel == outbox.Mail {
		return notify.Report{}, nil
	}
	return notify.Report{Found: true, ProviderID: "past-" + m.ID.String(), State: notify.Delivered}, nil
}

// bureau issues invoices.
type bureau struct {
	w      *world
	sheets map[string]*drawing // by our serial
	number map[string]string
	refuse map[string]bool           // buyers whose tax number does not fit their name
	issued map[string]*nuonuo.Issued // by number
}

// Issue takes a request.
func (b *bureau) Issue(_ context.Context, o invoice.Order) error {
	if b.refuse[o.Buyer.Title] {
		return &fault.Error{Kind: fault.Invalid, Key: "invoice_refused", Args: fault.Args{"code": "E9106", "cause": "购方名称与税号不匹配"}}
	}
	if b.number[o.Serial] != "" {
		return nil
	}
	number := fmt.Sprintf("%s44%016d", o.At.Format("06"), 7_310_000_000_000_000+int64(len(b.number))*9973)
	b.number[o.Serial] = number
	sheet := paper.Invoice{
		Special: o.Buyer.Kind == invoice.Special, Number: number, IssuedAt: o.At, Buyer: o.Buyer.Title, BuyerTaxNo: o.Buyer.TaxID,
		Seller: b.w.Seller.Name, SellerTaxNo: b.w.Seller.TaxNo, ExTaxFen: int64(o.Net), TaxFen: int64(o.Tax), Remark: "订单 " + o.Remark, Clerk: "系统",
		Lines: []paper.InvoiceLine{{Name: o.Goods.Name, Unit: "年", Num: "1", RatePercent: float64(o.TaxPercent), ExTaxFen: int64(o.Net), TaxFen: int64(o.Tax)}},
	}
	one := &nuonuo.Issued{
		OrderNo: o.Serial, Number: number, Special: o.Buyer.Kind == invoice.Special, Buyer: o.Buyer.Title, BuyerTaxNo: o.Buyer.TaxID,
		Goods: o.Goods.Name, GoodsCode: o.Goods.Code, ExTaxFen: int64(o.Net), TaxFen: int64(o.Tax), TaxPercent: o.TaxPercent, Remark: o.Remark,
		Clerk: sheet.Clerk, At: o.At, SellerTaxNo: b.w.Seller.TaxNo,
	}
	b.issued[number] = one
	b.sheets[o.Serial] = b.w.studio.draw(ahead, func() ([]byte, error) {
		picture, err := b.w.Painter.InvoiceSheet(sheet)
		if err != nil {
			return nil, err
		}
		return paper.PDF(picture)
	})
	return nil
}

// Query tells what became of a request.
func (b *bureau) Query(_ context.Context, serial string) (invoice.Answer, error) {
	number := b.number[serial]
	if number == "" {
		return invoice.Answer{}, nil
	}
	return invoice.Answer{Found: true, State: invoice.Issued, VendorSerial: "P" + number, Number: number, PDFURL: serial}, nil
}

// AskRed takes an invoice back at once: the past has no buyers who have to be asked.
func (b *bureau) AskRed(_ context.Context, o invoice.RedOrder) error {
	if b.number[o.Serial] == "" {
		b.number[o.Serial] = o.Number[:4] + fmt.Sprintf("%016d", 9_310_000_000_000_000+int64(len(b.number))*9973)
		if blue := b.issued[o.Number]; blue != nil {
			blue.RedOrderNo, blue.RedNumber, blue.RedAt = o.Serial, b.number[o.Serial], b.w.Clock.Now()
		}
		b.sheets[o.Serial] = b.sheets[strings.TrimSuffix(o.Serial, "R1")+"B1"]
	}
	return nil
}

// QueryRed tells what became of a red letter.
func (b *bureau) QueryRed(_ context.Context, serial string) (invoice.RedAnswer, error) {
	number := b.number[serial]
	if number == "" {
		return invoice.RedAnswer{}, nil
	}
	return invoice.RedAnswer{Found: true, State: invoice.RedIssued, FormState: "01", Number: number, PDFURL: serial}, nil
}

// Fetch returns the file.
func (b *bureau) Fetch(ctx context.Context, serial string) ([]byte, error) {
	return b.sheets[serial].wait(ctx)
}
