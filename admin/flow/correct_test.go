package flow_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/identity"
	"caconsole/admin/invoice"
	"caconsole/admin/order"
	"caconsole/admin/seal"
	"caconsole/issuance"
	"caconsole/issuance/cert/certtest"
)

func secret(s string) *seal.Secret { v := seal.Secret(s); return &v }

func text(s string) *string { return &s }

func years(n int) *int { return &n }

// corrects puts an order right.
func (r *renewal) corrects(in flow.Correction) error {
	_, err := r.CorrectOrder(r.t.Context(), r.who, r.no, in)
	return err
}

// corrected requires that a correction went through.
func (r *renewal) corrected(in flow.Correction) {
	r.t.Helper()
	require.NoError(r.t, r.corrects(in))
}

// What is printed makes a new version of the form: the scan of the old one is obsolete, and so is what was approved.
func TestCorrectionReprintsTheForm(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReviewByHand().approved()
	r.corrected(flow.Correction{Legal: &flow.PersonPatch{Name: secret("李建军")}})
	o := r.order()
	require.Equal(t, []any{order.StagePapers, order.Missing, order.None, order.Passed, order.Settled},
		[]any{o.Stage, o.Gates.Documents, o.Gates.Review, o.Gates.Identity, o.Gates.Payment})
	require.Equal(t, "李**", o.Legal.Name)
	require.Zero(t, read[int](h, "SELECT count(*) FROM authorisation WHERE order_id = ? AND state <> 'void'", o.ID))
	view, err := h.ApplicantOrder(t.Context(), r.who, r.no)
	require.NoError(t, err)
	require.Equal(t, 2, view.FormVersion)
	require.Len(t, view.Papers, 1, "the licence stays")

	before := o.Gates.ContentVersion
	r.corrected(flow.Correction{Legal: &flow.PersonPatch{Name: secret("李建军")}})
	require.Equal(t, before, r.order().Gates.ContentVersion, "nothing new was said")
	require.NoError(t, r.upload(document.ApplicationForm, 210))
	r.approved().confirmed()
	h.work()
	require.Equal(t, 1, r.newPairs())
}

// inReviewByHand brings an order into the review queue without a statement.
func (h *house) inReviewByHand() *renewal {
	h.t.Helper()
	r := h.apply().papers().identified().settled()
	require.Equal(h.t, order.Queued, r.order().Gates.Review)
	return r
}

// Another agent is another person: carriers and identity vendor are asked anew, and a reviewer who had the order lets go.
func TestCorrectionOfTheAgent(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReviewByHand().claimed(h.reviewer)
	checks := read[int](h, "SELECT count(*) FROM telecom_check WHERE order_id = ?", r.order().ID)
	h.carrier.outcome = identity.Unknown
	r.corrected(flow.Correction{Agent: &flow.PersonPatch{Phone: secret("13900000001")}})
	o := r.order()
	require.Equal(t, []any{order.None, order.None, order.None}, []any{o.Gates.Telecom, o.Gates.Identity, o.Gates.Review})
	_, err := h.Claim(t.Context(), h.reviewer2, r.no)
	require.Error(t, err, "it is in nobody's queue")
	h.work()
	require.Equal(t, order.Unknown, r.order().Gates.Telecom)
	require.Equal(t, checks+1, read[int](h, "SELECT count(*) FROM telecom_check WHERE order_id = ?", o.ID))
	require.NoError(t, r.upload(document.ApplicationForm, 211))
	r.identified()
	require.Equal(t, order.Queued, r.order().Gates.Review)

	r.corrected(flow.Correction{Agent: &flow.PersonPatch{Email: secret("other@example.cn")}})
	require.Equal(t, order.Passed, r.order().Gates.Identity, "a mailbox is nobody's identity")
}

// A carrier's answer about the agent as it was must not pass for one about the agent as it is; nor a face.
func TestAnswersAboutTheFormerAgent(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.apply().papers()
	try := r.begun()
	h.carrier.during = func() { r.corrected(flow.Correction{Agent: &flow.PersonPatch{Name: secret("张敏之")}}) }
	require.NoError(t, h.TelecomCheck(t.Context(), flow.TelecomCheckArgs{OrderNo: r.no, Try: 99}))
	require.Equal(t, []any{order.None, order.Expired}, []any{r.order().Gates.Telecom, r.order().Gates.Identity})
	h.face.answer(passed(agentName, agentNumber), nil)
	require.NoError(t, h.IdentityResult(t.Context(), try))
	require.Equal(t, order.Expired, r.order().Gates.Identity)
	h.work()
	require.Equal(t, order.Match, r.order().Gates.Telecom)
}

// Years have their price until it is paid; what was waited for is waited for no more.
func TestCorrectionOfTheYears(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.apply()
	was := r.order().AmountFen
	r.corrected(flow.Correction{Years: years(3)})
	require.Greater(t, r.order().AmountFen, was)
	err := r.corrects(flow.Correction{Years: years(9)})
	require.Equal(t, "years_not_offered", fault.Of(err).Fields[0].Key)

	r.papers().identified().awaited()
	r.corrected(flow.Correction{Years: years(1)})
	o := r.order()
	require.Equal(t, []any{order.None, order.NoMethod, 1}, []any{o.Gates.Payment, o.Gates.Method, o.Years})
	require.NoError(t, r.upload(document.ApplicationForm, 190))
	r.awaited()
	require.Equal(t, int64(o.AmountFen), read[int64](h, "SELECT due_fen FROM receivable WHERE order_id = ? AND state = 'open'", o.ID))
	r.corrected(flow.Correction{Years: years(1)})
	require.Equal(t, order.Transfer, r.order().Gates.Method, "nothing new was said")
}

// Whom the invoice is made out to is nobody else's business, and open until the vendor has been asked.
func TestCorrectionOfTheInvoice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.apply().papers().identified()
	other := invoice.Buyer{Kind: invoice.General, Title: "集团财务共享中心", TaxID: certtest.OrganisationCode}
	before := r.order()
	r.corrected(flow.Correction{Invoice: &other})
	require.Equal(t, before.Gates, r.order().Gates)
	buyer, err := h.Invoices.Buyer(t.Context(), h.DB.Read(t.Context()), before.ID)
	require.NoError(t, err)
	require.Equal(t, other, buyer)
	require.Error(t, r.corrects(flow.Correction{Invoice: &invoice.Buyer{Kind: invoice.General}}))
}

// Nobody corrects what is over, with the signer, somebody else's, or not as they saw it.
func TestCorrectionIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.apply()
	mail := flow.Correction{Agent: &flow.PersonPatch{Email: secret("x@example.cn")}}
	_, err := h.CorrectOrder(t.Context(), actor.Actor{Kind: actor.Applicant, ID: h.apply().who.ID}, r.no, mail)
	refused(t, err, "order_unknown")
	seen := r.order()
	r.papers()
	late := mail
	late.Seen = &seen
	refused(t, r.corrects(late), "order_changed")
	refused(t, r.corrects(flow.Correction{Organisation: &flow.OrganisationPatch{Name: text(otherUnit)}}), "holder_mismatch")
	r.identified().settled().approved().confirmed()
	refused(t, r.corrects(mail), "order_being_issued")

	online := h.online(30 * 24 * time.Hour)
	refused(t, online.corrects(flow.Correction{Legal: &flow.PersonPatch{Name: secret("李建国")}}), "not_on_path")
	online.change(func(g *order.Gates) error { return g.Close(order.ClosedWithdrawn) })
	refused(t, online.corrects(mail), "order_closed")
}

// On the online path a correction voids what the Ukey was asked to sign; the agent is checked by the carriers anew.
func TestCorrectionOnline(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.online(30 * 24 * time.Hour).settled()
	u := r.started()
	h.carrier.outcome = identity.Mismatch
	r.corrected(flow.Correction{Agent: &flow.PersonPatch{Name: secret("张明")}})
	h.work()
	_, err := h.StartUpdate(t.Context(), driver, noKey, string(r.pair.Sign.Serial), nil)
	refused(t, err, "telecom_mismatch")
	h.carrier.outcome = identity.Match
	r.corrected(flow.Correction{Agent: &flow.PersonPatch{Name: secret(agentName)}})
	h.work()
	_, _, err = h.ProveUpdate(t.Context(), driver, u.ID.String(), r.sign(u.ToSign))
	refused(t, err, "update_void")
	_, now := r.proved(r.started())
	require.Equal(t, issuance.StateReady, now.State)
}

// unitAdded adds what an order that was online lacks for the review.
func (r *renewal) unitAdded() *renewal {
	r.t.Helper()
	r.corrected(flow.Correction{
		Organisation: &flow.OrganisationPatch{Name: text(r.holder), IDKind: text(applicant.CreditCode), IDNumber: text(certtest.OrganisationCode)},
		Legal:        &flow.PersonPatch{Name: secret("李建国")},
	})
	return r
}
