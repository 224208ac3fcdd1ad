package flow_test

import (
	"encoding/pem"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/issuance"
)

// A certificate leads to its whole family: what it came from, the order, the two people who approved, and the chain it
// hangs on. The old pair, of an earlier CA, is shown and not judged.
func TestViewCertificate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReviewByHand().approved().confirmed()
	h.work()
	serial := read[string](h, "SELECT c.serial FROM certificate c JOIN issuance_request r ON r.new_pair_id = c.pair_id WHERE r.order_id = ? AND kind = 'sign'", r.order().ID)

	v, err := h.ViewCertificate(t.Context(), h.issuer, serial)
	require.NoError(t, err)
	require.Equal(t, r.holder, v.Holder)
	require.NotNil(t, v.Authority)
	require.NoError(t, v.Chain)
	require.Contains(t, v.SignFacts.Subject, "O="+r.holder)
	require.Equal(t, []string{"digitalSignature", "nonRepudiation"}, v.SignFacts.Usage)
	require.Equal(t, []string{v.OrgIDNumber}, v.EncFacts.Identity)
	require.Len(t, v.Family, 2)
	made, old := v.Family[0], v.Family[1]
	require.Equal(t, []any{serial, r.no, true}, []any{made.SignSerial, made.OrderNo, made.SignerSeq != nil})
	require.NotEqual(t, made.ReviewerNo, made.IssuerNo)
	require.Empty(t, old.OrderNo)

	before, err := h.ViewCertificate(t.Context(), h.issuer, old.SignSerial)
	require.NoError(t, err)
	require.Nil(t, before.Authority, "another CA made it")
	require.Equal(t, v.Family, before.Family)
	require.Equal(t, serial, string(before.SuccessorSerial))

	elsewhere := actor.Actor{Kind: actor.Staff, ID: h.issuer.ID, Projects: []uuid.UUID{uuid.New()}}
	_, err = h.ViewCertificate(t.Context(), elsewhere, serial)
	refused(t, err, "serial_unknown")
	_, err = h.CertificateFile(t.Context(), elsewhere, serial, "sign")
	refused(t, err, "serial_unknown")
}

// What is downloaded is what is stored, and who took it is on record.
func TestCertificateFile(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReviewByHand().approved().confirmed()
	h.work()
	serial := read[string](h, "SELECT c.serial FROM certificate c JOIN issuance_request r ON r.new_pair_id = c.pair_id WHERE r.order_id = ? AND kind = 'enc'", r.order().ID)
	for what, certificates := range map[string]int{"sign": 1, "enc": 1, "chain": 2} {
		raw, err := h.CertificateFile(t.Context(), h.issuer, serial, what)
		require.NoError(t, err)
		for range certificates {
			var block *pem.Block
			block, raw = pem.Decode(raw)
			require.NotNil(t, block, what)
			f, err := issuance.Read(block.Bytes)
			require.NoError(t, err)
			require.Equal(t, what == "enc", string(f.Serial) == serial)
		}
		require.Empty(t, raw)
		require.Equal(t, 1, read[int](h, "SELECT count(*) FROM audit_entry WHERE action = 'certificate.downloaded' AND details->>'file' = ?", what))
	}
	_, err := h.CertificateFile(t.Context(), h.issuer, serial, "key")
	refused(t, err, "not_found")
}

// One byte of a certificate changed, or another CA: the chain says so.
func TestChainOfAPair(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReviewByHand().approved().confirmed()
	h.work()
	by, err := h.Issuance.Authority(t.Context(), h.DB.Read(t.Context()))
	require.NoError(t, err)
	refused(t, by.Verify(r.pair.DER()), "chain_broken")
	v, err := h.ViewCertificate(t.Context(), h.issuer, string(r.pair.Sign.Serial))
	require.NoError(t, err)
	fresh, err := h.ViewCertificate(t.Context(), h.issuer, string(v.SuccessorSerial))
	require.NoError(t, err)
	require.NoError(t, by.Verify(fresh.DER()))
	broken := fresh.DER()
	broken.Enc = append([]byte{}, broken.Enc...)
	broken.Enc[len(broken.Enc)-1] ^= 1
	refused(t, by.Verify(broken), "chain_broken")
}

// The issuer sees what will be signed before it is: the old subject kept, the new end, every rule passed, the reviewer's
// signature; and then exactly that is signed. Who reviewed sees that it is another's turn.
func TestViewIssue(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReviewByHand().approved()
	v, err := h.ViewIssue(t.Context(), h.issuer, r.no)
	require.NoError(t, err)
	require.NoError(t, v.Refused)
	require.True(t, v.Rehearsal.Passes())
	require.False(t, v.Second.Errors(), "%v", v.Second.Found)
	require.Positive(t, v.Second.Run)
	require.Equal(t, v.OldFacts.Subject, v.Rehearsal.Subject())
	require.Len(t, v.Approvals, 1)
	require.NotEmpty(t, v.People[v.Approvals[0].StaffID].Name)
	require.False(t, v.Barred)
	own, err := h.ViewIssue(t.Context(), h.reviewer, r.no)
	require.NoError(t, err)
	require.True(t, own.Barred)

	r.confirmed()
	h.work()
	old, err := h.ViewCertificate(t.Context(), h.issuer, string(r.pair.Sign.Serial))
	require.NoError(t, err)
	made, err := h.ViewCertificate(t.Context(), h.issuer, string(old.SuccessorSerial))
	require.NoError(t, err)
	require.Equal(t, []any{v.Rehearsal.Subject(), v.Rehearsal.Spec.NotAfter.UTC()}, []any{made.SignFacts.Subject, made.SignFacts.NotAfter})
	require.NotContains(t, []any{v.Rehearsal.Spec.SignSerial, v.Rehearsal.Spec.EncSerial}, made.Sign.Serial, "a rehearsal's serials are thrown away")

	early := h.apply()
	v, err = h.ViewIssue(t.Context(), h.issuer, early.no)
	require.NoError(t, err)
	refused(t, v.Refused, "authorisation_missing")
}
