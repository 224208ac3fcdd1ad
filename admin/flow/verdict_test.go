package flow_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/board"
	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/review"
	"caconsole/issuance"
	"caconsole/issuance/cert"
)

// TestCourseOfAnOrder takes one order through every stage of the reviewed path.
func TestCourseOfAnOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.apply()
	stages := []order.Stage{r.order().Stage}
	for _, step := range []func(){
		func() { r.papers() }, func() { r.identified() }, func() { r.awaited() }, func() { r.paid() },
		func() { r.approved() }, func() { r.confirmed() }, h.work, r.updated,
	} {
		step()
		stages = append(stages, r.order().Stage)
	}
	require.Equal(t, []order.Stage{
		order.StagePapers, order.StageIdentity, order.StagePayment, order.StageTransfer, order.StageReview, order.StageToIssue,
		order.StageIssuing, order.StageUpdate, order.StageDone,
	}, stages)
	require.Equal(t, 1, r.newPairs())
	require.Len(t, h.sms.to(r.phone, notify.Approved), 1)
	h.work() // the invoice is asked for, then fetched
	require.Equal(t, order.Dispatched, r.order().Gates.Invoice)
}

// updated has the driver bring the new pair into the Ukey.
func (r *renewal) updated() {
	r.t.Helper()
	ctx, driver := r.t.Context(), actor.Actor{Kind: actor.Driver, AllProjects: true, IP: "10.0.0.2"}
	u, err := r.StartUpdate(ctx, driver, noKey, string(r.pair.Sign.Serial), nil)
	require.NoError(r.t, err)
	token, u, err := r.ProveUpdate(ctx, driver, u.ID.String(), r.sign(u.ToSign))
	require.NoError(r.t, err)
	for _, step := range []string{issuance.StepSign, issuance.StepEnc} {
		_, err = r.ConfirmUpdate(ctx, driver, u.ID.String(), token, step)
		require.NoError(r.t, err)
	}
}

func TestApprovalIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview()
	for _, c := range []struct {
		name   string
		before func()
		by     actor.Actor
		change func(*flow.Opinion)
		key    string
	}{
		{"not claimed", nil, h.reviewer, nil, "claim_lost"},
		{"claimed by a colleague", func() { r.claimed(h.reviewer) }, h.reviewer2, nil, "claim_lost"},
		{"a check is not ticked", nil, h.reviewer, func(op *flow.Opinion) { op.Checks = op.Checks[1:] }, "checks_missing"},
		{"other content was seen", nil, h.reviewer, func(op *flow.Opinion) { op.ContentDigest = make([]byte, 32) }, "content_changed"},
		{"an older version was seen", nil, h.reviewer, func(op *flow.Opinion) { op.ContentVersion-- }, "content_changed"},
		{"the lease ran out", func() { h.clock.move(review.Lease) }, h.reviewer, nil, "claim_lost"},
	} {
		if c.before != nil {
			c.before()
		}
		op := r.opinion(c.by)
		op.Note = c.name
		if c.change != nil {
			c.change(&op)
		}
		err := h.approve(c.by, r.no, op)
		require.Equal(t, c.key, key(err), c.name)
		require.NotEqual(t, order.Approved, r.order().Gates.Review, c.name)
		require.Zero(t, read[int](h, "SELECT count(*) FROM review_verdict"), c.name)
		require.Zero(t, read[int](h, "SELECT count(*) FROM authorisation"), c.name)
	}
	require.Equal(t, "an older version was seen", r.draft().Note, "what was refused is kept, but for who does not hold the order")
}

func TestApprovalBindsContent(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview().claimed(h.reviewer)
	seen := r.opinion(h.reviewer)
	require.NoError(t, r.upload(document.BusinessLicence, 50))
	require.Equal(t, order.Claimed, r.order().Gates.Review, "still the reviewer's")
	err := h.approve(h.reviewer, r.no, seen)
	require.True(t, fault.HasKey(err, "content_changed"), "%v", err)
	require.Equal(t, seen.Checks, r.draft().Checks)

	seen = r.opinion(h.reviewer)
	seen.Note = "红章清晰"
	require.NoError(t, h.approve(h.reviewer, r.no, seen))
	c, err := h.Case(t.Context(), h.reviewer, r.no)
	require.NoError(t, err)
	require.Equal(t, seen.ContentDigest, c.Digest, "approving changes nothing of what was approved")
	require.Len(t, c.Verdicts, 1)
	require.Equal(t, review.Approved, c.Verdicts[0].Decision)
	require.Equal(t, seen.ContentDigest, c.Verdicts[0].ContentDigest)
	require.Equal(t, "红章清晰", c.Verdicts[0].Note)
	require.Empty(t, c.Draft.Checks, "done")
	for _, p := range c.Papers {
		if p.Kind != document.RemittanceVoucher {
			require.Equal(t, document.Accepted, p.State)
		}
	}
	require.True(t, fault.HasKey(r.upload(document.BusinessLicence, 40), "document_accepted"))
	require.Zero(t, read[int](h, "SELECT count(*) FROM review_claim"))
}

// The verdict's signature verifies over the authorisation, which names order, content and old pair.
func TestApprovalIsSigned(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview().approved()
	auth, err := h.Issuance.ForOrder(t.Context(), h.DB.Read(t.Context()), r.order().ID)
	require.NoError(t, err)
	require.Equal(t, r.no, auth.Object.Order)
	require.Len(t, auth.Approvals, 1)
	signed := auth.Approvals[0]
	require.Equal(t, h.reviewer.ID.String(), signed.StaffID)
	require.NoError(t, signed.Verify(&h.personOf(h.reviewer).Key.PublicKey, auth.Digest))
	require.Error(t, signed.Verify(&h.personOf(h.reviewer2).Key.PublicKey, auth.Digest))
}

// TestVerdictsAreSigned: asking what to sign binds nobody, and only the reviewer's own signature over just that counts.
func TestVerdictsAreSigned(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview().claimed(h.reviewer)
	op := r.opinion(h.reviewer)
	op.Note = "红章清晰"
	ask, err := h.ApproveToSign(t.Context(), h.reviewer, r.no, op)
	require.NoError(t, err)
	again, err := h.ApproveToSign(t.Context(), h.reviewer, r.no, op)
	require.NoError(t, err)
	require.Equal(t, ask.Digests, again.Digests, "one authorisation, however often it is asked for")
	require.Zero(t, read[int](h, "SELECT count(*) FROM order_duty"), "asked only")

	other := ask
	other.Message = cert.ApprovalMessage(cert.DutyReview, ask.At, []string{cert.SM3(nil).Hex()})
	for want, sig := range map[string]issuance.Signature{
		"signature_missing":        {},
		"approval_signature_wrong": h.touch(h.reviewer2, ask),
		"delegation_forbidden":     {At: ask.At, Kind: cert.KindDelegated, Signature: []byte{1}, Delegation: "none"},
	} {
		require.Equal(t, want, key(h.Approve(t.Context(), h.reviewer, r.no, op, sig)))
		require.Equal(t, "红章清晰", r.draft().Note)
		require.Equal(t, order.Claimed, r.order().Gates.Review)
	}
	require.Equal(t, "approval_signature_wrong", key(h.Approve(t.Context(), h.reviewer, r.no, op, h.touch(h.reviewer, other))))
	h.clock.move(cert.Skew + time.Second)
	require.Equal(t, "signature_old", key(h.Approve(t.Context(), h.reviewer, r.no, op, h.touch(h.reviewer, ask))))
	require.NoError(t, h.approve(h.reviewer, r.no, op))

	confirm, err := h.ConfirmToSign(t.Context(), h.issuer, []string{r.no})
	require.NoError(t, err)
	require.Equal(t, "approval_signature_wrong", key(h.ConfirmIssue(t.Context(), h.issuer, []string{r.no}, h.touch(h.reviewer, confirm))))
	require.Equal(t, "approval_signature_wrong", key(h.ConfirmIssue(t.Context(), h.issuer2, []string{r.no}, h.touch(h.issuer, confirm))))
	require.NoError(t, h.ConfirmIssue(t.Context(), h.issuer, []string{r.no}, h.touch(h.issuer, confirm)))
	require.Equal(t, 4, read[int](h, "SELECT count(*) FROM audit_entry WHERE outcome = 'refused' AND reason = 'approval_signature_wrong'"))
}

func TestFourEyesOverTheWholeOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.owing()
	h.booked(credit{"母公司集团", "代付", "500"})
	_, err := h.AllocateByHand(t.Context(), h.finance, h.line("母公司集团"), r.no)
	require.NoError(t, err)
	matcher := h.finance // has also a reviewer's screen in front of them, say
	_, err = h.Claim(t.Context(), matcher, r.no)
	require.True(t, fault.HasKey(err, "four_eyes"), "%v", err)
	_, err = h.ClaimNext(t.Context(), matcher)
	require.True(t, fault.HasKey(err, "queue_empty"), "the queue offers nobody what they may not have: %v", err)

	r.approved()
	err = h.confirm(h.reviewer, []string{r.no})
	require.True(t, fault.HasKey(err, "four_eyes"), "%v", err)
	require.Equal(t, r.no, fault.Of(err).Args["no"])
	require.Equal(t, order.StageToIssue, r.order().Stage)
	require.Equal(t, 3, read[int](h, "SELECT count(*) FROM audit_entry WHERE outcome = 'refused' AND reason = 'four_eyes'"),
		"the claim, the question what to sign, the confirmation")
}

func TestClaimLapses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview().claimed(h.reviewer)
	require.NoError(t, h.SaveDraft(t.Context(), h.reviewer, r.no, review.Draft{Note: "看到一半"}))
	h.clock.move(review.Lease - time.Second)
	require.NoError(t, h.SweepClaims(t.Context()))
	require.Equal(t, order.Claimed, r.order().Gates.Review)
	h.clock.move(time.Second)
	require.NoError(t, h.SweepClaims(t.Context()))
	require.Equal(t, order.Queued, r.order().Gates.Review)
	next, err := h.ClaimNext(t.Context(), h.reviewer2)
	require.NoError(t, err)
	require.Equal(t, r.no, next.No)
	require.Equal(t, "看到一半", r.draft().Note, "the draft stays for whoever goes on")
	err = h.Release(t.Context(), h.reviewer, r.no)
	require.True(t, fault.HasKey(err, "claim_lost"), "%v", err)
	require.NoError(t, h.Release(t.Context(), h.reviewer2, r.no))
	require.Equal(t, order.Queued, r.order().Gates.Review)
}

// An order that leaves the queue while somebody works on it leaves no claim that keeps others from it.
// Whoever claims an order that waits for its money is told so at once, and not when the verdict is lost.
func TestOnlyWhatIsInTheQueueIsClaimed(t *testing.T) {
	h := newHouse(t)
	r := h.apply().papers().identified().awaited()
	_, err := r.Claim(t.Context(), h.reviewer, r.no)
	require.True(t, fault.HasKey(err, "not_claimable"), "%v", err)
	r.paid()
	r.claimed(h.reviewer2)
	r.claimed(h.reviewer2)
}

func TestClaimEndsWithTheReview(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview().claimed(h.reviewer)
	op := r.opinion(h.reviewer)
	r.unmatched()
	r.matchedAgain()
	require.Equal(t, order.Queued, r.order().Gates.Review)
	mine, err := h.Board.Queue(t.Context(), h.reviewer, board.QueueFilter{Tab: board.TabMine})
	require.NoError(t, err)
	require.Empty(t, mine.Rows)
	open, err := h.Board.Queue(t.Context(), h.reviewer, board.QueueFilter{Tab: board.TabOpen})
	require.NoError(t, err)
	require.Nil(t, open.Rows[0].ClaimStaff)
	err = h.approve(h.reviewer, r.no, op)
	require.True(t, fault.HasKey(err, "claim_lost"), "%v", err)
	next, err := h.ClaimNext(t.Context(), h.reviewer2)
	require.NoError(t, err)
	require.Equal(t, r.no, next.No)
}

func TestRejected(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview().claimed(h.reviewer)
	op := r.opinion(h.reviewer)
	require.Equal(t, "customer_text", fieldOf(h.Reject(t.Context(), h.reviewer, r.no, op)), "the applicant must be told why")
	op.CustomerText = "见 www.example.com"
	require.Equal(t, "customer_text", fieldOf(h.Reject(t.Context(), h.reviewer, r.no, op)), "no SMS carries a link")
	op.CustomerText = "营业执照已注销"
	require.NoError(t, h.Reject(t.Context(), h.reviewer, r.no, op))
	o := r.order()
	require.Equal(t, []any{order.StageRefunding, order.ClosedRejected, order.Rejected, order.Refunding}, []any{o.Stage, o.Gates.Closed, o.Gates.Review, o.Gates.Payment})
	require.Equal(t, monday, o.ClosedAt)
	h.work()
	told := h.sms.to(r.phone, notify.Rejected)
	require.Len(t, told, 1)
	require.Equal(t, []string{r.no, "营业执照已注销"}, told[0].Params)
	require.True(t, fault.HasKey(r.upload(document.BusinessLicence, 30), "order_closed"))
	_, err := h.Claim(t.Context(), h.reviewer2, r.no)
	require.True(t, fault.Is(err, fault.Conflict), "%v", err)
}

// unmatched undoes the match of an order's transfer, as a use case of a later day would.
func (r *renewal) unmatched() {
	r.t.Helper()
	r.tx(func(ctx context.Context, tx pg.Tx) error {
		undo := "UPDATE payment_intent SET state = 'awaiting', settled_at = NULL WHERE order_id = (SELECT id FROM orders WHERE no = ?)"
		if err := tx.Gorm().Exec(undo, r.no).Error; err != nil {
			return err
		}
		_, err := r.Orders.Change(ctx, tx, actor.Job("test"), r.no, "test.unmatched", func(g *order.Gates) error {
			g.Payment, g.Kept = order.Awaiting, 0
			return nil
		})
		return err
	})
}

// matchedAgain makes it good.
func (r *renewal) matchedAgain() {
	r.t.Helper()
	r.tx(func(ctx context.Context, tx pg.Tx) error {
		o := r.order()
		if err := r.Payments.Settle(ctx, tx, o.ID); err != nil {
			return err
		}
		_, err := r.Orders.Change(ctx, tx, actor.Job("test"), r.no, "test.matched", func(g *order.Gates) error {
			g.Payment, g.Kept = order.Settled, o.AmountFen
			return nil
		})
		return err
	})
}

// setGate sets gates as a use case of a later day would.
func (r *renewal) setGate(set func(*order.Gates)) {
	r.t.Helper()
	r.tx(func(ctx context.Context, tx pg.Tx) error {
		_, err := r.Orders.Change(ctx, tx, actor.Job("test"), r.no, "test.set", func(g *order.Gates) error { set(g); return nil })
		return err
	})
}

// fieldOf is the one field that was wrong, "" for none.
func fieldOf(err error) string {
	if err == nil || len(fault.Of(err).Fields) != 1 {
		return ""
	}
	return fault.Of(err).Fields[0].Name
}
