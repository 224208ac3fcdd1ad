package signer_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/issuance/signer/signertest"
)

// What was done is told page by page, with the certificates' digests and nothing that was signed for it; after a start too.
func TestJournalIsTold(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	r := newRenewal(t, b)
	issued, err := e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	revoke := revocation(t, b, cert.ReasonSuperseded, r.request.SignSerial, r.request.EncSerial)
	revoked, err := e.Revoke(t.Context(), revoke)
	require.NoError(t, err)
	dead := uuid.NewString()
	closed, err := e.Close(t.Context(), dead)
	require.NoError(t, err)
	crl, err := e.CRL(t.Context(), cert.CRLOrder{Number: 1})
	require.NoError(t, err)

	told := func() []cert.JournalFact {
		var all []cert.JournalFact
		for from := uint64(1); ; {
			page, err := e.Journal(t.Context(), cert.JournalQuery{From: from, Limit: 3})
			require.NoError(t, err)
			require.LessOrEqual(t, len(page.Facts), 3)
			if len(page.Facts) == 0 {
				require.Equal(t, page.Seq, uint64(len(all)))
				require.Equal(t, page.Head, all[len(all)-1].Hash)
				return all
			}
			all = append(all, page.Facts...)
			from = all[len(all)-1].Seq + 1
		}
	}
	all := told()
	for i, f := range all {
		require.EqualValues(t, i+1, f.Seq)
	}
	at := func(h cert.JournalHead) cert.JournalFact {
		require.Equal(t, h.Head, all[h.Seq-1].Hash)
		return all[h.Seq-1]
	}
	serials := []cert.Serial{cert.Serial(r.request.SignSerial), cert.Serial(r.request.EncSerial)}

	f := at(issued.JournalHead)
	require.Equal(t, []any{cert.FactIssued, r.request.ID, issued.Digest}, []any{f.Kind, f.ID, f.Digest})
	require.Equal(t, []string{cert.SM3(issued.Pair.Sign).Hex(), cert.SM3(issued.Pair.Enc).Hex()}, f.Certificates)
	f = all[issued.Seq-2]
	require.Equal(t, []any{cert.FactIntent, r.request.ID, serials}, []any{f.Kind, f.ID, f.Serials})
	f = at(revoked.JournalHead)
	require.Equal(t, []any{cert.FactRevoked, revoked.ID, cert.SM3(revoke.Revocation).Hex()}, []any{f.Kind, f.ID, f.Digest})
	require.ElementsMatch(t, serials, f.Serials)
	f = at(closed.JournalHead)
	require.Equal(t, []any{cert.FactClosed, dead}, []any{f.Kind, f.ID})
	f = at(crl.JournalHead)
	require.Equal(t, []any{cert.FactList, uint64(1), cert.SM3(crl.DER).Hex()}, []any{f.Kind, f.Number, f.Digest})

	require.NoError(t, e.Shutdown())
	e = b.Open(t, clock)
	again := told()
	require.Equal(t, all, again[:len(all)])
	for _, q := range []cert.JournalQuery{{}, {From: 1}, {From: 1, Limit: cert.MaxFacts + 1}} {
		_, err = e.Journal(t.Context(), q)
		require.True(t, fault.HasKey(err, "request_malformed"), "%v", err)
	}
}
