package signer_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/issuance/signer"
	"caconsole/issuance/signer/signertest"
)

// revocation is an order that two issuers signed.
func revocation(t *testing.T, b signertest.Bench, reason int, serials ...string) cert.RevocationOrder {
	t.Helper()
	list := make([]cert.Serial, 0, len(serials))
	for _, s := range serials {
		list = append(list, cert.Serial(s))
	}
	r, err := cert.NewRevocation(uuid.NewString(), list, reason, cert.SM3([]byte("grounds")), now.Add(24*time.Hour))
	require.NoError(t, err)
	return cert.RevocationOrder{Revocation: r.Canonical(), Approvals: []cert.Approval{
		b.Issuer.Approve(t, cert.DutyRevoke, now, r.Digest()), b.Second.Approve(t, cert.DutyRevokeCheck, now, r.Digest()),
	}}
}

func list(t *testing.T, e *signer.Engine, b signertest.Bench, number uint64) (cert.CRL, map[cert.Serial]int) {
	t.Helper()
	crl, err := e.CRL(t.Context(), cert.CRLOrder{Number: number})
	require.NoError(t, err)
	parsed, err := smx509.ParseRevocationList(crl.DER)
	require.NoError(t, err)
	ca, err := smx509.ParseCertificate(b.Chain.CA)
	require.NoError(t, err)
	require.NoError(t, parsed.CheckSignatureFrom(ca))
	require.Equal(t, number, parsed.Number.Uint64())
	require.Equal(t, crl.NextUpdate, cert.FormatTime(parsed.NextUpdate))
	out := map[cert.Serial]int{}
	for _, entry := range parsed.RevokedCertificateEntries {
		out[cert.SerialFromInt(entry.SerialNumber)] = entry.ReasonCode
	}
	require.Len(t, out, crl.Entries)
	return crl, out
}

func TestRevokeAndList(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	r := newRenewal(t, b)
	_, err := e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	first, on := list(t, e, b, 1)
	require.Empty(t, on)

	order := revocation(t, b, cert.ReasonKeyCompromise, r.request.SignSerial, r.request.EncSerial)
	one, err := e.Revoke(t.Context(), order)
	require.NoError(t, err)
	again, err := e.CRL(t.Context(), cert.CRLOrder{Number: 1})
	require.NoError(t, err)
	require.Equal(t, first.DER, again.DER, "the same number is the same list")
	second, on := list(t, e, b, 2)
	require.Equal(t, map[cert.Serial]int{cert.Serial(r.request.SignSerial): 1, cert.Serial(r.request.EncSerial): 1}, on)
	for _, number := range []uint64{0, 1, 4} {
		_, err = e.CRL(t.Context(), cert.CRLOrder{Number: number})
		require.True(t, fault.HasKey(err, "crl_number_wrong"), "%d: %v", number, err)
	}

	require.NoError(t, e.Shutdown())
	e = b.Open(t, clock)
	two, err := e.Revoke(t.Context(), order)
	require.NoError(t, err)
	require.Equal(t, one, two, "asked again, answered as before")
	again, err = e.CRL(t.Context(), cert.CRLOrder{Number: 2})
	require.NoError(t, err)
	require.Equal(t, second.DER, again.DER)
	_, on = list(t, e, b, 3)
	require.Len(t, on, 2, "a list never shrinks")
	st, err := e.Status(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 3, st.CRLNumber)
	require.Equal(t, cert.FormatTime(now.Add(7*24*time.Hour)), st.NextUpdate)
}

func TestRevocationMisuseIsRefused(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	r := newRenewal(t, b)
	_, err := e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	gone := newRenewal(t, b)
	_, err = e.Issue(t.Context(), gone.instruction)
	require.NoError(t, err)
	_, err = e.Revoke(t.Context(), revocation(t, b, 0, gone.request.SignSerial))
	require.NoError(t, err)
	serial, err := cert.NewSerial(rand.Reader)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		order  cert.RevocationOrder
		change func(*cert.RevocationOrder)
		want   string
	}{
		"nobody signed":        {change: func(o *cert.RevocationOrder) { o.Approvals = nil }, want: "approval_missing"},
		"one signed":           {change: func(o *cert.RevocationOrder) { o.Approvals = o.Approvals[:1] }, want: "approval_missing"},
		"signed for another":   {change: func(o *cert.RevocationOrder) { o.Approvals = revocation(t, b, 0, r.request.SignSerial).Approvals }, want: "approval_signature_wrong"},
		"one person":           {change: func(o *cert.RevocationOrder) { o.Approvals[1] = sameFor(t, b, o) }, want: "approval_same_person"},
		"not ours":             {order: revocation(t, b, 0, string(serial)), want: "serial_unknown"},
		"revoked before":       {order: revocation(t, b, 1, gone.request.SignSerial), want: "already_revoked"},
		"garbage":              {change: func(o *cert.RevocationOrder) { o.Revocation = []byte("{}") }, want: "revocation_malformed"},
		"an issuance's duties": {change: func(o *cert.RevocationOrder) { o.Approvals = issuing(t, b, o) }, want: "approval_missing"},
	} {
		t.Run(name, func(t *testing.T) {
			o := c.order
			if o.Revocation == nil {
				o = revocation(t, b, 0, r.request.SignSerial)
			}
			if c.change != nil {
				c.change(&o)
			}
			_, err := e.Revoke(t.Context(), o)
			require.True(t, fault.HasKey(err, c.want), "%v", err)
		})
	}
	_, on := list(t, e, b, 1)
	require.Len(t, on, 1)
}

func digestOf(t *testing.T, o *cert.RevocationOrder) cert.Digest {
	t.Helper()
	r, err := cert.ParseRevocation(o.Revocation)
	require.NoError(t, err)
	return r.Digest()
}

func sameFor(t *testing.T, b signertest.Bench, o *cert.RevocationOrder) cert.Approval {
	t.Helper()
	return b.Issuer.Approve(t, cert.DutyRevokeCheck, now, digestOf(t, o))
}

func issuing(t *testing.T, b signertest.Bench, o *cert.RevocationOrder) []cert.Approval {
	t.Helper()
	d := digestOf(t, o)
	return []cert.Approval{b.Reviewer.Approve(t, cert.DutyReview, now, d), b.Issuer.Approve(t, cert.DutyIssue, now, d)}
}

// A pair that was revoked renews nothing any more, by itself or by staff.
func TestRevokedHolderIsRefused(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	r := newHolders(t, b)
	issued, err := e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	_, err = e.Revoke(t.Context(), revocation(t, b, cert.ReasonKeyCompromise, r.request.SignSerial))
	require.NoError(t, err)

	next := r
	next.holder.Pair = issued.Pair
	next.holder.Old, err = cert.ParseOld(issued.Pair)
	require.NoError(t, err)
	next.authoriseAgain(t, b, 1)
	_, err = e.Issue(t.Context(), next.instruction)
	require.True(t, fault.HasKey(err, "holder_certificate_revoked"), "%v", err)
	next.authorisation, err = cert.NewAuthorisation(next.holder.Old, cert.Grant{
		ID: uuid.NewString(), Order: "R1", Origin: cert.OriginReviewed, Content: cert.SM3(nil), Profile: b.Profile.Ref(), Years: 1,
		Keys: cert.KeepKeys, Now: now, Expires: now.Add(time.Hour),
	})
	require.NoError(t, err)
	next.again(t, b)
	_, err = e.Issue(t.Context(), next.instruction)
	require.True(t, fault.HasKey(err, "holder_certificate_revoked"), "%v", err)
}

// A certificate leaves the list only after it has expired and stood on a list made later.
func TestExpiredLeaveTheListLate(t *testing.T) {
	b := signertest.New(t, now)
	at := now
	e := b.Open(t, func() time.Time { return at })
	r := newRenewal(t, b)
	_, err := e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	_, err = e.Revoke(t.Context(), revocation(t, b, 0, r.request.SignSerial))
	require.NoError(t, err)
	for number, want := range []int{1, 1, 1, 1, 0} {
		at = now.AddDate(0, 5*number, 0) // it expires before the fourth, which lists it once more
		_, on := list(t, e, b, uint64(number+1))
		require.Len(t, on, want, "after %d months", 5*number)
	}
}

// A crash may fall between a list's file and its record, or before the file has got its name.
func TestListSurvivesACrash(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	one, _ := list(t, e, b, 1)
	require.NoError(t, e.Shutdown())
	path := filepath.Join(b.Dir, "issuing.crl")

	require.NoError(t, os.Rename(path, path+".new"))
	e = b.Open(t, clock)
	again, err := e.CRL(t.Context(), cert.CRLOrder{Number: 1})
	require.NoError(t, err)
	require.Equal(t, one.DER, again.DER)
	require.NoError(t, e.Shutdown())

	require.NoError(t, os.Remove(path))
	e = b.Open(t, clock)
	_, err = e.CRL(t.Context(), cert.CRLOrder{Number: 1})
	require.True(t, fault.HasKey(err, "crl_number_wrong"), "what is lost is not made up: %v", err)
	list(t, e, b, 2)
}

// The serials of a request that was closed before it was answered stand on the list by themselves.
func TestTombstonesAreListed(t *testing.T) {
	b, r, raw := written(t)
	require.NoError(t, os.WriteFile(filepath.Join(b.Dir, "journal.jsonl"), afterIntent(raw), 0o600))
	e := b.Open(t, clock)
	_, err := e.Close(t.Context(), r.request.ID)
	require.NoError(t, err)
	_, on := list(t, e, b, 1)
	require.Len(t, on, 2)
	require.Contains(t, on, cert.Serial(r.request.SignSerial))
	require.Contains(t, on, cert.Serial(r.request.EncSerial))
}

// Each key of a pair is looked at: the encryption key that was lost gets no new certificate, and a lost sign key does
// not come back in a CSR.
func TestLostKeysStayLost(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	r := newRekeyed(t, b, cert.OriginReviewed)
	issued, err := e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	_, err = e.Revoke(t.Context(), revocation(t, b, cert.ReasonKeyCompromise, r.request.SignSerial))
	require.NoError(t, err)
	back := newRekeyed(t, b, cert.OriginManual)
	back.bring(t, r.instruction.CSR)
	_, err = e.Issue(t.Context(), back.instruction)
	require.True(t, fault.HasKey(err, "key_revoked"), "%v", err)

	_, err = e.Revoke(t.Context(), revocation(t, b, cert.ReasonKeyCompromise, r.request.EncSerial))
	require.NoError(t, err)
	next := newRekeyed(t, b, cert.OriginManual)
	next.holder.Pair = issued.Pair
	next.holder.Old, err = cert.ParseOld(issued.Pair)
	require.NoError(t, err)
	next.authorisation, err = cert.NewAuthorisation(next.holder.Old, cert.Grant{
		ID: uuid.NewString(), Order: "R1", Origin: cert.OriginManual, Content: cert.SM3(nil), Profile: b.Profile.Ref(), Years: 1,
		Keys: cert.CSRKeys, Now: now, Expires: now.Add(time.Hour),
	})
	require.NoError(t, err)
	next.bring(t, next.instruction.CSR)
	_, err = e.Issue(t.Context(), next.instruction)
	require.True(t, fault.HasKey(err, "holder_certificate_revoked"), "%v", err)
}

func TestListNeverLosesASerial(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	signer.ListBefore(e, "4000000000000000000000000000000000000001")
	_, err := e.CRL(t.Context(), cert.CRLOrder{Number: 1})
	require.True(t, fault.HasKey(err, "crl_shrinks"), "%v", err)
}
