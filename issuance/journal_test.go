package issuance_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/signer/signertest"
)

// compared runs a whole comparison and keeps it.
func (b bench) compared(t *testing.T) (issuance.Check, []string) {
	t.Helper()
	c, err := b.NewCheck()
	require.NoError(t, err)
	var kinds []string
	for !c.Done() {
		next, found, err := b.CheckStep(t.Context(), b.q(t), c)
		require.NoError(t, err)
		b.tx(t, func(tx pg.Tx) error { return b.KeepCheck(t.Context(), tx, next, found) })
		for _, f := range found {
			kinds = append(kinds, f.Kind)
		}
		c = next
	}
	slices.Sort(kinds)
	last, err := b.LastCheck(t.Context(), b.q(t))
	require.NoError(t, err)
	require.Equal(t, c.Counts, last.Counts)
	require.True(t, last.Done())
	return c, slices.Compact(kinds)
}

func (b bench) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	b.tx(t, func(tx pg.Tx) error { return tx.Gorm().Exec(sql, args...).Error })
}

// ledgered is a bench that compares, with two pairs issued, one request under way and one closed.
func ledgered(t *testing.T) (b bench, one, two issuance.Pair) {
	t.Helper()
	b = setup(t)
	b.UseLedger(b.engine)
	b.UseRevoker(b.engine)
	one, two = b.recorded(t, b.renewal(t, "甲有限公司")), b.recorded(t, b.renewal(t, "乙有限公司"))
	hanging := b.reserved(t, b.renewal(t, "丙有限公司"))
	_, err := b.Execute(t.Context(), b.q(t), hanging)
	require.NoError(t, err)
	dead := b.reserved(t, b.renewal(t, "丁有限公司"))
	closing, err := b.Resolve(t.Context(), dead)
	require.NoError(t, err)
	b.tx(t, func(tx pg.Tx) error { return b.Closed(t.Context(), tx, dead, "clock_skew", closing.JournalHead) })
	l, err := b.AskList(t.Context(), b.q(t))
	require.NoError(t, err)
	b.tx(t, func(tx pg.Tx) error { _, err := b.KeepList(t.Context(), tx, l); return err })
	return b, one, two
}

func TestDatabaseAndJournalAgree(t *testing.T) {
	b, _, _ := ledgered(t)
	c, kinds := b.compared(t)
	require.Empty(t, kinds)
	require.Equal(t, issuance.Counts{Records: c.Counts.Records, Issued: 3, Recorded: 2, Open: 1, Closed: 1, Lists: 1, Pairs: 4}, c.Counts)
}

// What somebody changes on one side alone is found, named, and cleared when it agrees again.
func TestDisagreementsAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, b bench, one, two issuance.Pair)
		want   []string
	}{
		"the head of an answer is another": {func(t *testing.T, b bench, one, _ issuance.Pair) {
			t.Helper()
			b.exec(t, "UPDATE issuance_request SET signer_head = ? WHERE new_pair_id = ?", make([]byte, 32), one.ID)
		}, []string{issuance.FindingHead}},
		"the record is another": {func(t *testing.T, b bench, one, two issuance.Pair) {
			t.Helper()
			b.exec(t, `UPDATE issuance_request a SET signer_seq = b.signer_seq, signer_head = b.signer_head FROM issuance_request b WHERE a.new_pair_id = ? AND b.new_pair_id = ?`, one.ID, two.ID)
		}, []string{issuance.FindingCertificate, issuance.FindingUnissued}},
		"a pair beyond the journal": {func(t *testing.T, b bench, one, _ issuance.Pair) {
			t.Helper()
			b.exec(t, "UPDATE issuance_request SET signer_seq = 9999 WHERE new_pair_id = ?", one.ID)
		}, []string{issuance.FindingCertificate, issuance.FindingCut}},
		"another pair": {func(t *testing.T, b bench, one, two issuance.Pair) {
			t.Helper()
			b.exec(t, "UPDATE issuance_request SET state = 'closed', new_pair_id = NULL WHERE new_pair_id = ?", two.ID)
			b.exec(t, "UPDATE issuance_request SET new_pair_id = ? WHERE new_pair_id = ?", two.ID, one.ID)
		}, []string{issuance.FindingCertificate, issuance.FindingIssuedClosed, issuance.FindingPairUnknown, issuance.FindingUnissued}},
		"a request that says something else": {func(t *testing.T, b bench, one, _ issuance.Pair) {
			t.Helper()
			b.exec(t, "UPDATE issuance_request SET digest = ? WHERE new_pair_id = ?", make([]byte, 32), one.ID)
		}, []string{issuance.FindingDigest}},
		"a pair shown as revoked": {func(t *testing.T, b bench, one, _ issuance.Pair) {
			t.Helper()
			b.exec(t, "UPDATE certificate_state SET state = 'revoked' WHERE pair_id = ?", one.ID)
		}, []string{issuance.FindingUnrevoked}},
		"a revocation past the console": {func(t *testing.T, b bench, one, _ issuance.Pair) {
			t.Helper()
			r, err := cert.NewRevocation(uuid.NewString(), []cert.Serial{one.Sign.Serial, one.Enc.Serial}, 1, cert.SM3([]byte("x")), now.Add(time.Hour))
			require.NoError(t, err)
			_, err = b.engine.Revoke(t.Context(), cert.RevocationOrder{Revocation: r.Canonical(), Approvals: []cert.Approval{
				b.Issuer.Approve(t, cert.DutyRevoke, now, r.Digest()), b.Second.Approve(t, cert.DutyRevokeCheck, now, r.Digest()),
			}})
			require.NoError(t, err)
			l, err := b.AskList(t.Context(), b.q(t))
			require.NoError(t, err)
			b.tx(t, func(tx pg.Tx) error { _, err := b.KeepList(t.Context(), tx, l); return err })
		}, []string{issuance.FindingListed, issuance.FindingRevocation}},
		"another signer's journal": {func(t *testing.T, b bench, _, _ issuance.Pair) {
			t.Helper()
			b.UseLedger(signertest.New(t, now).Open(t, func() time.Time { return now }))
		}, []string{issuance.FindingCut}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, one, two := ledgered(t)
			c.change(t, b, one, two)
			_, kinds := b.compared(t)
			require.Equal(t, c.want, kinds)
			open, more, err := b.Findings(t.Context(), b.q(t), now, 50)
			require.NoError(t, err)
			require.False(t, more)
			require.NotEmpty(t, open)
			require.Equal(t, now, open[0].FoundAt)
		})
	}
}

// A request in the journal that the database never heard of was not ours to ask.
func TestIssuedPastTheDatabaseIsFound(t *testing.T) {
	b, _, _ := ledgered(t)
	other := setup(t)
	other.Service = issuance.New(b.engine, func() time.Time { return now })
	other.recorded(t, other.renewal(t, "戊有限公司"))
	_, kinds := b.compared(t)
	require.Equal(t, []string{issuance.FindingIntentUnknown}, kinds)
}

func TestFindingsClear(t *testing.T) {
	b, one, _ := ledgered(t)
	b.exec(t, "UPDATE certificate_state SET state = 'revoked' WHERE pair_id = ?", one.ID)
	_, kinds := b.compared(t)
	require.NotEmpty(t, kinds)
	b.exec(t, "UPDATE certificate_state SET state = 'active' WHERE pair_id = ?", one.ID)
	*b.clock = now.Add(time.Hour)
	_, kinds = b.compared(t)
	require.Empty(t, kinds)
	n, err := b.OpenFindings(t.Context(), b.q(t), 10)
	require.NoError(t, err)
	require.Zero(t, n)
	seen, _, err := b.Findings(t.Context(), b.q(t), now, 10)
	require.NoError(t, err)
	require.Len(t, seen, 1)
	require.Equal(t, *b.clock, seen[0].ClearedAt, "it stays to be seen")
}

// The signer's own head must grow and never change.
func TestHeadsGrow(t *testing.T) {
	b, _, _ := ledgered(t)
	ask := func(change func(*cert.JournalHead)) []issuance.Finding {
		last, err := b.LastHead(t.Context(), b.q(t))
		require.NoError(t, err)
		st, err := b.engine.Status(t.Context())
		require.NoError(t, err)
		change(&st.JournalHead)
		b.tx(t, func(tx pg.Tx) error { return b.KeepHead(t.Context(), tx, last, st.JournalHead) })
		found, _, err := b.Findings(t.Context(), b.q(t), now, 10)
		require.NoError(t, err)
		return found
	}
	require.Empty(t, ask(func(*cert.JournalHead) {}))
	require.Empty(t, ask(func(*cert.JournalHead) {}), "the same again")
	found := ask(func(h *cert.JournalHead) { h.Head = cert.SM3([]byte("x")).Hex() })
	require.Equal(t, issuance.FindingHead, found[0].Kind)
	found = ask(func(h *cert.JournalHead) { h.Seq-- })
	require.Equal(t, issuance.FindingCut, found[1].Kind)
}

// A signer that waits for its officers, or is away, is an alarm after half a minute, until it is open.
func TestBlockedSignerIsAnAlarm(t *testing.T) {
	b := setup(t)
	at := now
	keep := func(st cert.Status, silent bool) (before, after issuance.Watch) {
		*b.clock = at
		b.tx(t, func(tx pg.Tx) (err error) { before, after, err = b.KeepWatch(t.Context(), tx, st, silent); return err })
		stored, err := b.Watched(t.Context(), b.q(t))
		require.NoError(t, err)
		require.Equal(t, after.AlarmedAt, stored.AlarmedAt)
		require.Equal(t, after.BlockedSince, stored.BlockedSince)
		return before, after
	}
	locked := cert.Status{Locked: true, Given: []string{"officer1"}, Needed: 2}
	_, w := keep(locked, false)
	require.True(t, w.Blocked())
	require.True(t, w.AlarmedAt.IsZero(), "not at once")
	at = now.Add(20 * time.Second)
	_, w = keep(cert.Status{}, true)
	require.True(t, w.AlarmedAt.IsZero())
	at = now.Add(31 * time.Second)
	_, w = keep(locked, false)
	require.Equal(t, at, w.AlarmedAt)
	require.Equal(t, now, w.BlockedSince)
	require.Equal(t, []string{"officer1"}, w.Given)
	at = now.Add(40 * time.Second)
	before, w := keep(cert.Status{}, false)
	require.False(t, before.AlarmedAt.IsZero())
	require.False(t, w.Blocked())
	require.True(t, w.AlarmedAt.IsZero())
}
