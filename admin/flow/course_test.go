package flow_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"image"
	"image/jpeg"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/calendar"
	"caconsole/admin/document"
	"caconsole/admin/flow"
	"caconsole/admin/idem"
	"caconsole/admin/invoice"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/review"
	"caconsole/admin/seal"
	"caconsole/issuance"
	"caconsole/issuance/cert/certtest"
)

const (
	agentName   = "张敏"
	agentNumber = "11010519491231002X"
	otherUnit   = "阳江市海陵湾检修服务有限公司"
)

// renewal is one order as its applicant and the test hold it.
type renewal struct {
	*house
	who    actor.Actor
	phone  string
	email  string
	no     string
	holder string
	pair   issuance.Pair
	ukey   certtest.Holder
}

// apply has a new applicant log in, agree to everything and open the renewal of an expired pair.
func (h *house) apply() *renewal {
	h.t.Helper()
	h.renewed++
	r := &renewal{
		house: h, phone: fmt.Sprintf("138%08d", h.renewed), email: fmt.Sprintf("agent%d@example.cn", h.renewed),
		holder: fmt.Sprintf("测试%d号核电有限公司", h.renewed),
	}
	r.logIn()
	r.bringUkey(monday.AddDate(0, -1, 0))
	view, err := h.CreateOrder(h.t.Context(), r.who, noKey, flow.NewOrder{
		Serial: string(r.pair.Sign.Serial), Years: 2,
		Organisation: applicant.Organisation{Name: r.holder, IDKind: applicant.CreditCode, IDNumber: certtest.OrganisationCode},
		Agent:        applicant.Person{Name: agentName, IDNumber: agentNumber, Phone: seal.Secret(r.phone), Email: seal.Secret(r.email)},
		Legal:        applicant.Person{Name: "李建国"},
		Invoice:      invoice.Buyer{Kind: invoice.General, Title: r.holder, TaxID: certtest.OrganisationCode},
	})
	require.NoError(h.t, err)
	r.no = view.Order.No
	h.work()
	return r
}

func (r *renewal) logIn() {
	r.t.Helper()
	ctx := r.t.Context()
	visitor := actor.Actor{Kind: actor.Applicant, IP: "10.0.0.1"}
	_, err := r.RequestLoginCode(ctx, visitor, r.phone)
	require.NoError(r.t, err)
	r.work()
	codes := r.sms.to(r.phone, notify.Login)
	require.NotEmpty(r.t, codes)
	session, err := r.LogIn(ctx, visitor, r.phone, codes[len(codes)-1].Params[0])
	require.NoError(r.t, err)
	r.who, err = r.ResumeApplicant(ctx, session.Token)
	require.NoError(r.t, err)
	agreements, err := r.Agreements(ctx)
	require.NoError(r.t, err)
	var all []applicant.Agreed
	for _, a := range agreements {
		all = append(all, applicant.Agreed{Code: a.Code, Version: a.Version})
	}
	_, err = r.GiveConsents(ctx, r.who, all)
	require.NoError(r.t, err)
}

// bringUkey imports the old pair.
func (r *renewal) bringUkey(notAfter time.Time) {
	r.t.Helper()
	r.ukey = certtest.NewHolder(r.t, r.oldCA, r.holder, notAfter)
	r.tx(func(ctx context.Context, tx pg.Tx) (err error) {
		r.pair, err = r.Issuance.Import(ctx, tx, issuance.Import{
			ProjectID: r.project, MediumNo: fmt.Sprintf("3888%012d", r.renewed), Holder: r.holder, OrgIDKind: applicant.CreditCode,
			OrgIDNumber: certtest.OrganisationCode, Certs: r.ukey.Pair,
		})
		return err
	})
}

// scan is a photo of a paper; another shade makes another paper.
func scan(shade uint8) []byte {
	img := image.NewGray(image.Rect(0, 0, 320, 452))
	for i := range img.Pix {
		img.Pix[i] = shade + uint8(i%7)
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, img, nil) // into memory
	return b.Bytes()
}

func (r *renewal) upload(kind document.Kind, shade uint8) error {
	_, err := r.UploadDocument(r.t.Context(), r.who, r.no, flow.Upload{Kind: kind, Body: scan(shade)})
	return err
}

// form confirms the form and hands it in.
func (r *renewal) form() *renewal {
	r.t.Helper()
	_, err := r.ConfirmForm(r.t.Context(), r.who, noKey, r.no)
	require.NoError(r.t, err)
	require.NoError(r.t, r.upload(document.ApplicationForm, 200))
	return r
}

// papers hands in both papers.
func (r *renewal) papers() *renewal {
	r.t.Helper()
	r.form()
	require.NoError(r.t, r.upload(document.BusinessLicence, 180))
	return r
}

// begun opens a try of the agent's identity and returns its id.
func (r *renewal) begun() uuid.UUID {
	r.t.Helper()
	s, err := r.StartIdentity(r.t.Context(), r.who, noKey, r.no)
	require.NoError(r.t, err)
	id, err := uuid.Parse(strings.TrimPrefix(s.URL, "https://face.example/"))
	require.NoError(r.t, err)
	return id
}

// identified passes the agent's identity.
func (r *renewal) identified() *renewal {
	r.t.Helper()
	try := r.begun()
	r.face.answer(passed(agentName, agentNumber), nil)
	require.NoError(r.t, r.IdentityResult(r.t.Context(), try))
	return r
}

// awaited chooses the transfer.
func (r *renewal) awaited() *renewal {
	r.t.Helper()
	_, err := r.ChoosePayment(r.t.Context(), r.who, noKey, r.no, "transfer")
	require.NoError(r.t, err)
	return r
}

// paid has the transfer on a statement and matched.
func (r *renewal) paid() *renewal {
	r.t.Helper()
	r.booked(credit{r.holder, r.order().No, r.order().AmountFen.String()})
	require.NoError(r.t, r.MatchRun(r.t.Context()))
	require.Equal(r.t, order.Settled, r.order().Gates.Payment)
	return r
}

// inReview brings an order into the review queue.
func (h *house) inReview() *renewal {
	h.t.Helper()
	r := h.apply().papers().identified().awaited().paid()
	require.Equal(h.t, order.Queued, r.order().Gates.Review)
	return r
}

// opinion is what a reviewer who looks at the order now submits, with everything ticked.
func (r *renewal) opinion(a actor.Actor) flow.Opinion {
	r.t.Helper()
	c, err := r.Case(r.t.Context(), a, r.no)
	require.NoError(r.t, err)
	return flow.Opinion{ContentVersion: c.Order.Gates.ContentVersion, ContentDigest: c.Digest, Checks: review.Checks}
}

// claimed has a reviewer take the order.
func (r *renewal) claimed(a actor.Actor) *renewal {
	r.t.Helper()
	_, err := r.Claim(r.t.Context(), a, r.no)
	require.NoError(r.t, err)
	return r
}

// approved has the first reviewer approve the order.
func (r *renewal) approved() *renewal {
	r.t.Helper()
	r.claimed(r.reviewer)
	require.NoError(r.t, r.approve(r.reviewer, r.no, r.opinion(r.reviewer)))
	require.Equal(r.t, order.StageToIssue, r.order().Stage)
	return r
}

// confirmed has the first issuer confirm the order.
func (r *renewal) confirmed() *renewal {
	r.t.Helper()
	require.NoError(r.t, r.confirm(r.issuer, []string{r.no}))
	return r
}

func (r *renewal) order() order.Order {
	r.t.Helper()
	o, err := r.Orders.Get(r.t.Context(), r.DB.Read(r.t.Context()), actor.Job("test"), r.no)
	require.NoError(r.t, err)
	return o
}

// request is the id of the order's newest request to the signer.
func (r *renewal) request() uuid.UUID {
	r.t.Helper()
	return read[uuid.UUID](r.house, "SELECT id FROM issuance_request WHERE order_id = ? ORDER BY created_at DESC, id DESC LIMIT 1", r.order().ID)
}

// newPairs counts the pairs that renew the old one.
func (r *renewal) newPairs() int {
	r.t.Helper()
	return read[int](r.house, "SELECT count(DISTINCT pair_id) FROM certificate WHERE holder = ? AND pair_id <> ?", r.holder, r.pair.ID)
}

// credit is one line of a statement: who paid, with what remark, how many yuan.
type credit struct{ payer, text, yuan string }

// booked imports and commits one statement.
func (h *house) booked(credits ...credit) {
	h.t.Helper()
	rows := [][]any{
		{"记录条数", len(credits)},
		{"账号", "交易日", "借方金额", "贷方金额", "摘要", "收(付)方名称"},
	}
	for _, c := range credits {
		rows = append(rows, []any{"755900000000019", h.Now().In(calendar.Beijing).Format("20060102"), nil, c.yuan, c.text, c.payer})
	}
	w := excelize.NewFile()
	for i, cells := range rows {
		require.NoError(h.t, w.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &cells))
	}
	body, err := w.WriteToBuffer()
	require.NoError(h.t, err)
	require.NoError(h.t, w.Close())
	b, err := h.ImportStatement(h.t.Context(), h.finance, "cmb.xlsx", body.Bytes())
	require.NoError(h.t, err)
	b, err = h.CommitStatement(h.t.Context(), h.finance, b.ID)
	require.NoError(h.t, err)
	require.Equal(h.t, len(credits), b.New)
}

// line is the bank line of a payer.
func (h *house) line(payer string) uuid.UUID {
	h.t.Helper()
	return read[uuid.UUID](h, "SELECT id FROM bank_line WHERE payer_name = ?", payer)
}

// draft is what the reviewer has written so far.
func (r *renewal) draft() review.Draft {
	r.t.Helper()
	d, err := r.Reviews.Draft(r.t.Context(), r.DB.Read(r.t.Context()), r.order().ID)
	require.NoError(r.t, err)
	return d
}

// noKey is a request without an idempotency key.
var noKey idem.Key

// sign is what the Ukey's old key says to a text.
func (r *renewal) sign(text string) []byte {
	r.t.Helper()
	sig, err := r.ukey.SignKey.Sign(rand.Reader, []byte(text), sm2.DefaultSM2SignerOpts)
	require.NoError(r.t, err)
	return sig
}
