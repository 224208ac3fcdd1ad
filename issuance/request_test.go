package issuance_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
)

func TestFromAuthorisationToPair(t *testing.T) {
	b := setup(t)
	r := b.renewal(t, "中测试核电有限公司")
	id := b.reserved(t, r)
	issued, err := b.Execute(t.Context(), b.q(t), id)
	require.NoError(t, err)
	again, err := b.Execute(t.Context(), b.q(t), id)
	require.NoError(t, err)
	require.Equal(t, issued, again)

	p := b.record(t, id, issued)
	require.Equal(t, p.ID, b.record(t, id, issued).ID, "recorded once")
	require.Equal(t, r.old.Holder, p.Holder)
	require.Equal(t, r.old.MediumNo, p.MediumNo)
	require.Equal(t, "2028-11-22T15:59:59Z", cert.FormatTime(p.NotAfter()))
	require.Equal(t, p.NotAfter(), p.Enc.NotAfter)

	old, err := b.Get(t.Context(), b.q(t), actor.Job("test"), r.old.ID)
	require.NoError(t, err)
	require.Equal(t, issuance.Active, old.State, "renewed only after the driver confirmed")
	require.Equal(t, p.ID, old.Successor)
	require.Equal(t, p.Sign.Serial, old.SuccessorSerial)
	_, err = b.Execute(t.Context(), b.q(t), uuid.New())
	require.True(t, fault.HasKey(err, "request_unknown"), "%v", err)
}

func TestOneSignatureForABatch(t *testing.T) {
	b := setup(t)
	var auths []issuance.Authorisation
	var digests []cert.Digest
	var orders []renewal
	for _, name := range []string{"甲有限公司", "乙有限公司", "丙有限公司"} {
		r := b.renewal(t, name)
		a := b.authorised(t, r)
		require.NoError(t, b.approve(t, a, b.approval(t, b.Reviewer, cert.DutyReview, a.Digest)))
		auths, digests, orders = append(auths, a), append(digests, a.Digest), append(orders, r)
	}
	batch := b.approval(t, b.Issuer, cert.DutyIssue, digests...)
	b.tx(t, func(tx pg.Tx) error { return b.Void(t.Context(), tx, orders[1].orderID) })
	require.NoError(t, b.approve(t, auths[0], batch))
	require.True(t, fault.HasKey(b.approve(t, auths[1], batch), "authorisation_in_use"), "voided meanwhile")
	require.NoError(t, b.approve(t, auths[2], batch))
	for _, i := range []int{0, 2} {
		var id uuid.UUID
		b.tx(t, func(tx pg.Tx) (err error) { id, err = b.Reserve(t.Context(), tx, orders[i].orderID); return err })
		_, err := b.Execute(t.Context(), b.q(t), id)
		require.NoError(t, err, "the signature still names the one that fell out")
	}
}

func TestAuthoriseFollowsTheContent(t *testing.T) {
	b := setup(t)
	r := b.renewal(t, "中测试核电有限公司")
	one := b.authorised(t, r)
	require.Equal(t, one.ID, b.authorised(t, r).ID, "the same content, the same authorisation")

	g := b.grant(r)
	g.Content = cert.SM3([]byte("another paper"))
	var two issuance.Authorisation
	b.tx(t, func(tx pg.Tx) (err error) { two, err = b.Authorise(t.Context(), tx, g); return err })
	require.NotEqual(t, one.Digest, two.Digest)
	err := b.approve(t, one, b.approval(t, b.Reviewer, cert.DutyReview, one.Digest))
	require.True(t, fault.HasKey(err, "authorisation_in_use"), "the first one is void: %v", err)

	*b.clock = now.Add(73 * time.Hour)
	g.Expires = b.clock.Add(72 * time.Hour)
	var three issuance.Authorisation
	b.tx(t, func(tx pg.Tx) (err error) { three, err = b.Authorise(t.Context(), tx, g); return err })
	require.NotEqual(t, two.ID, three.ID, "an expired one is replaced")
}

func TestLostAnswerIsFoundAgain(t *testing.T) {
	b := setup(t)
	r := b.renewal(t, "中测试核电有限公司")
	id := b.reserved(t, r)
	lossy := issuance.New(&flaky{Engine: b.engine, lose: true}, func() time.Time { return *b.clock })
	_, err := lossy.Execute(t.Context(), b.q(t), id)
	require.True(t, fault.Is(err, fault.Unavailable))

	hanging, err := b.Hanging(t.Context(), b.q(t), now.Add(time.Second), 10)
	require.NoError(t, err)
	require.Equal(t, []issuance.Hanging{{RequestID: id, OrderID: r.orderID, OrderNo: r.no, CreatedAt: now}}, hanging)
	closing, err := b.Resolve(t.Context(), id)
	require.NoError(t, err)
	require.NotNil(t, closing.Issued, "it had been signed")
	b.record(t, id, *closing.Issued)
	hanging, err = b.Hanging(t.Context(), b.q(t), now.Add(time.Second), 10)
	require.NoError(t, err)
	require.Empty(t, hanging)
}

func TestRequestThatLayTooLongIsClosedAndReservedAgain(t *testing.T) {
	b := setup(t)
	r := b.renewal(t, "中测试核电有限公司")
	id := b.reserved(t, r)
	*b.clock = now.Add(time.Hour)
	_, err := b.Execute(t.Context(), b.q(t), id)
	require.True(t, fault.HasKey(err, "clock_skew"), "%v", err)
	closing, err := b.Resolve(t.Context(), id)
	require.NoError(t, err)
	require.Nil(t, closing.Issued)
	var second uuid.UUID
	b.tx(t, func(tx pg.Tx) (err error) {
		if err := b.Closed(t.Context(), tx, id, "clock_skew", closing.JournalHead); err != nil {
			return err
		}
		second, err = b.Reserve(t.Context(), tx, r.orderID)
		return err
	})
	require.NotEqual(t, id, second)
	issued, err := b.Execute(t.Context(), b.q(t), second)
	require.NoError(t, err, "the approvals still hold")
	b.record(t, second, issued)

	err = b.try(t, func(tx pg.Tx) error { _, err := b.Record(t.Context(), tx, id, issued); return err })
	require.True(t, fault.HasKey(err, "request_closed"), "%v", err)
	err = b.try(t, func(tx pg.Tx) error { return b.Closed(t.Context(), tx, second, "x", closing.JournalHead) })
	require.True(t, fault.HasKey(err, "request_closed"), "%v", err)
}

func TestRecordTakesOnlyWhatWasAskedFor(t *testing.T) {
	b := setup(t)
	id := b.reserved(t, b.renewal(t, "中测试核电有限公司"))
	issued, err := b.Execute(t.Context(), b.q(t), id)
	require.NoError(t, err)
	foreign, err := b.Execute(t.Context(), b.q(t), b.reserved(t, b.renewal(t, "另一家有限公司")))
	require.NoError(t, err)
	for name, change := range map[string]func(*cert.Issued){
		"another request's": func(i *cert.Issued) { *i = foreign },
		"another pair":      func(i *cert.Issued) { i.Pair = foreign.Pair },
		"pair exchanged":    func(i *cert.Issued) { i.Pair.Sign, i.Pair.Enc = i.Pair.Enc, i.Pair.Sign },
		"garbage":           func(i *cert.Issued) { i.Pair.Enc = []byte("x") },
		"no journal head":   func(i *cert.Issued) { i.Head = "" },
	} {
		t.Run(name, func(t *testing.T) {
			in := issued
			change(&in)
			err := b.try(t, func(tx pg.Tx) error { _, err := b.Record(t.Context(), tx, id, in); return err })
			require.True(t, fault.HasKey(err, "signer_answer_wrong"), "%v", err)
		})
	}
	b.record(t, id, issued)
}

func TestAuthorisationIsReservedOnce(t *testing.T) {
	b := setup(t)
	r := b.renewal(t, "中测试核电有限公司")
	b.reserved(t, r)
	for name, act := range map[string]func(tx pg.Tx) error{
		"reserve":   func(tx pg.Tx) error { _, err := b.Reserve(t.Context(), tx, r.orderID); return err },
		"authorise": func(tx pg.Tx) error { _, err := b.Authorise(t.Context(), tx, b.grant(r)); return err },
		"void":      func(tx pg.Tx) error { return b.Void(t.Context(), tx, r.orderID) },
	} {
		t.Run(name, func(t *testing.T) {
			require.True(t, fault.HasKey(b.try(t, act), "authorisation_in_use"))
		})
	}
}
