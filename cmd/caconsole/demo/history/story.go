package history

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/document"
	"caconsole/admin/flow"
	"caconsole/admin/idem"
	"caconsole/admin/identity"
	"caconsole/admin/invoice"
	"caconsole/admin/money"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/seal"
	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/applicant/person"
	"caconsole/cmd/caconsole/demo/holder"
)

// story is one renewal as its applicant lives it.
type story struct {
	w      *world
	fate   fate
	ukey   holder.Ukey
	turn   int // number of the story; decides what varies
	nth    int // of its fate
	start  time.Time
	at     time.Time // of the last act that is planned
	rekeys bool      // the second project's
	method order.Method
	flaw   flaw
	title  string // whom the invoice is made out to

	me     actor.Actor
	phone  seal.Secret // of the agent
	no     string
	amount money.Fen
	code   string // to pay by
	form   *drawing
}

// seed is of everything drawn for this story alone.
func (s *story) seed() uint64 { return s.ukey.Company.Seed*1000 + uint64(s.turn) } //nolint:gosec // turns count stories

// sketch has drawn ahead what the story will need whatever happens in it.
func (s *story) sketch() {
	c := s.ukey.Company
	if s.fate.paperless() {
		return
	}
	if s.w.licences[c.Name] == nil {
		s.w.licences[c.Name] = s.w.studio.draw(ahead, func() ([]byte, error) {
			return s.w.Painter.LicenceCopy(paper.Licence{
				Company: c.Name, CreditCode: c.CreditCode, Representative: c.Legal.Name, Address: c.Legal.Address, Founded: c.Founded,
				CapitalYuan: 5_000_000 + int64(c.Seed%9)*1_000_000, Authority: "样例市场监督管理局", Seed: c.Seed,
			})
		})
	}
	id := c.Agent.IDNumber
	if s.w.portraits[id] != nil || s.fate.faceless() {
		return
	}
	issued := time.Date(2019, c.Agent.Born.Month(), c.Agent.Born.Day(), 0, 0, 0, 0, time.UTC)
	s.w.portraits[id] = map[identity.Picture]*drawing{
		identity.CardFront: s.w.studio.draw(ahead, func() ([]byte, error) { return s.w.Painter.CardFront(c.Agent, c.Seed) }),
		identity.CardBack:  s.w.studio.draw(ahead, func() ([]byte, error) { return s.w.Painter.CardBack(c.Agent, issued, c.Seed) }),
		identity.BestFrame: s.w.studio.draw(ahead, func() ([]byte, error) { return s.w.Painter.Face(c.Seed) }),
	}
}

// open logs in, agrees to the texts and creates the order.
func (s *story) open(ctx context.Context) error {
	f, hall := s.w.flow, actor.Actor{Name: "public", IP: fmt.Sprintf("203.0.113.%d", 1+s.turn%250)}
	login := person.New(s.seed()).Phone
	if _, err := f.RequestLoginCode(ctx, hall, login); err != nil {
		return err
	}
	s.w.plan(s.w.Clock.Now().Add(40*time.Second), "log-in", func(ctx context.Context) error {
		session, err := f.LogIn(ctx, hall, login, s.w.codes[login])
		if err != nil {
			return err
		}
		s.me = actor.Actor{Kind: actor.Applicant, ID: session.ApplicantID, Name: "applicant", IP: hall.IP}
		if err := s.consent(ctx); err != nil {
			return err
		}
		return s.create(ctx)
	})
	return nil
}

func (s *story) consent(ctx context.Context) error {
	texts, err := s.w.flow.Agreements(ctx)
	if err != nil {
		return err
	}
	agreed := make([]applicant.Agreed, 0, len(texts))
	for _, t := range texts {
		agreed = append(agreed, applicant.Agreed{Code: t.Code, Version: t.Version})
	}
	_, err = s.w.flow.GiveConsents(ctx, s.me, agreed)
	return err
}

func (s *story) create(ctx context.Context) error {
	c := s.ukey.Company
	s.phone = seal.Secret(c.Agent.Phone)
	if ending := s.fate.phoneEnding(); ending != "" {
		s.phone = seal.Secret(c.Agent.Phone[:7] + ending)
	}
	buyer := invoice.Buyer{Kind: invoice.General, Title: s.title, TaxID: c.CreditCode}
	if s.turn%4 == 1 {
		buyer = invoice.Buyer{
			Kind: invoice.Special, Title: s.title, TaxID: c.CreditCode, Address: c.Legal.Address, Phone: seal.Secret(c.Legal.Phone),
			Bank: "中国工商银行深圳福田支行", Account: fmt.Sprintf("4000%015d", c.Seed),
		}
	}
	entry := flow.NewOrder{
		Serial: s.ukey.Serial, Years: 1 + s.turn%3, Invoice: buyer,
		Agent: applicant.Person{
			Name: seal.Secret(c.Agent.Name), IDNumber: seal.Secret(c.Agent.IDNumber), Phone: s.phone, Email: seal.Secret(c.Agent.Email),
		},
	}
	if !s.fate.online() {
		entry.Organisation = applicant.Organisation{Name: c.Name, IDKind: applicant.CreditCode, IDNumber: c.CreditCode}
		entry.Legal = applicant.Person{Name: seal.Secret(c.Legal.Name), IDNumber: seal.Secret(c.Legal.IDNumber)}
	}
	view, err := s.w.flow.CreateOrder(ctx, s.me, s.key("create"), entry)
	s.no, s.amount = view.Order.No, view.Order.AmountFen
	s.w.entered++
	if s.w.entered%progressEvery == 0 {
		s.w.Progress(s.w.entered)
	}
	return err
}

// key is the idempotency key an applicant's page would send.
func (s *story) key(act string) idem.Key {
	return idem.Key{Principal: "applicant:" + s.me.ID.String(), Key: s.ukey.Serial[:12] + act}
}

// print confirms the form and prints it; signing, stamping and scanning take their time.
func (s *story) print(ctx context.Context) error {
	if _, err := s.w.flow.ConfirmForm(ctx, s.me, s.key("form"), s.no); err != nil {
		return err
	}
	s.fillIn(ctx, s.flaw.faults)
	if s.flaw.outdated {
		return s.correct(ctx)
	}
	return nil
}

// correct puts the agent's mailbox right after the form was printed: it has a new version, and the old one is signed.
func (s *story) correct(ctx context.Context) error {
	if _, err := s.form.wait(ctx); err != nil { // printed as it was
		return err
	}
	email := seal.Secret("office." + s.ukey.Company.Agent.Email)
	if _, err := s.w.flow.CorrectOrder(ctx, s.me, s.no, flow.Correction{Agent: &flow.PersonPatch{Email: &email}}); err != nil {
		return err
	}
	_, err := s.w.flow.ConfirmForm(ctx, s.me, s.key("form2"), s.no)
	return err
}

// printAgain prints the form that was sent back; this time all is right.
func (s *story) printAgain(ctx context.Context) error {
	s.fillIn(ctx, paper.Faults{})
	return nil
}

func (s *story) fillIn(ctx context.Context, faults paper.Faults) {
	form := paper.Form{Company: s.ukey.Company.Name, Signer: s.ukey.Company.Agent.Name, Faults: faults, Seed: s.seed()}
	s.form = s.w.studio.draw(atOnce, func() ([]byte, error) {
		pdf, err := s.w.flow.ApplicationForm(ctx, s.me, s.no)
		if err != nil {
			return nil, err
		}
		scan, _, err := s.w.Painter.ScanForm(ctx, pdf, form)
		return scan, err
	})
}

// handInAgain uploads the form that was sent back, put right.
func (s *story) handInAgain(ctx context.Context) error {
	return s.upload(ctx, document.ApplicationForm, s.form, document.Claim{})
}

// handIn uploads form and licence.
func (s *story) handIn(ctx context.Context) error {
	if err := s.upload(ctx, document.ApplicationForm, s.form, document.Claim{}); err != nil {
		return err
	}
	return s.upload(ctx, document.BusinessLicence, s.w.licences[s.ukey.Company.Name], document.Claim{})
}

func (s *story) upload(ctx context.Context, kind document.Kind, d *drawing, says document.Claim) error {
	body, err := d.wait(ctx)
	if err != nil {
		return err
	}
	s.w.uploading = s
	_, err = s.w.flow.UploadDocument(ctx, s.me, s.no, flow.Upload{Kind: kind, Body: body, Claim: says})
	return err
}

// identify is the agent in front of the phone; the vendor calls back three minutes later.
func (s *story) identify(o outcome) func(context.Context) error {
	return func(ctx context.Context) error {
		s.w.faces.outcome[s.ukey.Company.Agent.IDNumber] = o
		key := s.key("identity" + s.w.Clock.Now().Format("150405"))
		session, err := s.w.flow.StartIdentity(ctx, s.me, key, s.no)
		if err != nil {
			return err
		}
		token := session.URL[strings.LastIndex(session.URL, "/")+1:]
		s.w.plan(s.w.Clock.Now().Add(3*time.Minute), "identity callback", func(ctx context.Context) error {
			body, err := json.Marshal(map[string]string{"BizToken": token, "Extra": ""})
			if err != nil {
				return err
			}
			return s.w.flow.IdentityCallback(ctx, actor.Actor{Kind: actor.Vendor, Name: s.w.faces.Name()}, s.w.faces.Name(), map[string]string{"Content-Type": "application/json"}, body)
		})
		return nil
	}
}

// choose picks the way to pay.
func (s *story) choose(ctx context.Context) error {
	how, err := s.w.flow.ChoosePayment(ctx, s.me, s.key("payment"), s.no, string(s.method))
	s.code = how.CodeURL
	return err
}

// scan pays by the code on the screen; the vendor tells at once.
func (s *story) scan(ctx context.Context) error {
	method := payment.Method(s.method)
	notice, err := s.w.wallets[method].pay(s.code)
	if err != nil {
		return err
	}
	s.w.plan(s.w.Clock.Now().Add(2*time.Second), "payment notice", func(ctx context.Context) error {
		return s.w.flow.PaymentNotice(ctx, actor.Actor{Name: "public", IP: "198.51.100.7"}, string(method), map[string]string{"Content-Type": "application/json"}, notice)
	})
	return nil
}

// scanUnseen pays, and the notice is lost on its way.
func (s *story) scanUnseen(context.Context) error {
	_, err := s.w.wallets[payment.Method(s.method)].pay(s.code)
	return err
}

// payTwice is somebody who pays by one code, thinks better of it and pays by another one too: what comes second goes
// back.
func (s *story) payTwice(ctx context.Context) error {
	first := s.code
	if _, err := s.w.wallets[payment.WeChat].pay(first); err != nil {
		return err
	}
	how, err := s.w.flow.ChoosePayment(ctx, s.me, s.key("payment2"), s.no, string(payment.Alipay))
	if err != nil {
		return err
	}
	_, err = s.w.wallets[payment.Alipay].pay(how.CodeURL)
	return err
}

// takeBack withdraws a paid order.
func (s *story) takeBack(ctx context.Context) error {
	_, err := s.w.flow.WithdrawOrder(ctx, s.me, s.key("withdraw"), s.no)
	return err
}

// agency pays for others, so that its transfers are never matched by themselves.
const agency = "深圳市卓屿财务代理有限公司"

// pay sends the money. Who names the order leaves it at that; the others upload the bank's voucher, by which alone their
// transfer is found.
func (s *story) pay(ctx context.Context) error {
	from, amount := s.ukey.Company.Name, s.amount
	switch s.fate {
	case payShort:
		amount -= 10_00
		if s.turn%2 == 1 { // or the other way: too much
			amount += 30_00
		}
	case payAgency, doneByHand:
		from = agency
	default: // the others have nothing of their own
	}
	remark, named := "证书续期", s.turn%3 > 0
	if named {
		remark += " " + s.no
	}
	at := s.w.Clock.Now().Truncate(time.Second)
	till := s.till()
	booked := till.pay(at, from, amount, remark)
	if named && s.fate.isDone() {
		return nil
	}
	voucher := paper.Voucher{
		Payer: from, PayerAccount: booked.PartyAccount, PayerBank: booked.PartyBank,
		Payee: till.account.Name, PayeeAccount: till.account.Number, PayeeBank: till.account.Branch, AmountFen: int64(amount), At: at,
		Remark: remark, BankSerial: booked.Serial, Seed: s.seed(),
	}
	slip := s.w.studio.draw(atOnce, func() ([]byte, error) { return s.w.Painter.Remittance(voucher) })
	s.w.plan(at.Add(10*time.Minute), "voucher", func(ctx context.Context) error {
		return s.upload(ctx, document.RemittanceVoucher, slip, document.Claim{Payer: seal.Secret(from), Amount: amount, Date: midnight(at)})
	})
	return nil
}

// withdraw takes the consents back, and the order ends.
func (s *story) withdraw(ctx context.Context) error {
	_, err := s.w.flow.WithdrawConsents(ctx, s.me, []string{"sensitive_data"})
	return err
}
