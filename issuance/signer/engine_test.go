package signer_test

import (
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/signer"
	"caconsole/issuance/signer/client"
	"caconsole/issuance/signer/signertest"
)

var now = time.Date(2026, 11, 22, 2, 30, 0, 0, time.UTC)

func clock() time.Time { return now }

// renewal is everything the console would send for one order.
type renewal struct {
	holder        certtest.Holder
	authorisation cert.Authorisation
	request       cert.Request
	instruction   cert.Instruction
}

func caEnd(t testing.TB, b signertest.Bench) time.Time {
	t.Helper()
	ca, err := smx509.ParseCertificate(b.Chain.CA)
	require.NoError(t, err)
	return ca.NotAfter
}

func newRenewal(t testing.TB, b signertest.Bench) renewal {
	t.Helper()
	r := renewal{holder: b.Holder(t, "中测试核电有限公司", now.AddDate(0, -1, 0))}
	var err error
	r.authorisation, err = cert.NewAuthorisation(r.holder.Old, cert.Grant{
		ID: uuid.NewString(), Order: "R261122000019", Origin: cert.OriginReviewed, Content: cert.SM3([]byte("content")), Profile: b.Profile.Ref(),
		Years: 1, Keys: cert.KeepKeys, Now: now, Expires: now.Add(72 * time.Hour),
	})
	require.NoError(t, err)
	r.again(t, b)
	return r
}

// again makes a new request for the same authorisation.
func (r *renewal) again(t testing.TB, b signertest.Bench) {
	t.Helper()
	var err error
	r.request, err = cert.NewRequest(rand.Reader, uuid.NewString(), r.authorisation, r.holder.Old, caEnd(t, b), now)
	require.NoError(t, err)
	d := r.authorisation.Digest()
	r.instruction = cert.Instruction{
		Request: r.request.Canonical(), Authorisation: r.authorisation.Canonical(), Old: r.holder.Pair,
		Approvals: []cert.Approval{
			b.Reviewer.Approve(t, cert.DutyReview, now.Add(-time.Hour), d),
			b.Issuer.Approve(t, cert.DutyIssue, now, d, cert.SM3([]byte("another of the batch"))),
		},
	}
}

func TestSameRequestSameAnswer(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	r := newRenewal(t, b)
	one, err := e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	two, err := e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	require.Equal(t, one, two)

	require.NoError(t, e.Shutdown())
	muchLater := func() time.Time { return now.AddDate(0, 6, 0) } // the answer outlives authorisation and clock
	e = b.Open(t, muchLater)
	three, err := e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	require.Equal(t, one, three)

	other := newRenewal(t, b)
	other.request.ID = r.request.ID
	other.instruction.Request = other.request.Canonical()
	_, err = e.Issue(t.Context(), other.instruction)
	require.True(t, fault.HasKey(err, "request_id_reused"), "%v", err)
}

func TestOneAuthorisationOnePair(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	r := newRenewal(t, b)
	_, err := e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	r.again(t, b)
	_, err = e.Issue(t.Context(), r.instruction)
	require.True(t, fault.HasKey(err, "authorisation_used"), "%v", err)
}

func TestOverTheSocket(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	path := filepath.Join(t.TempDir(), "s")
	c := client.New(path)
	_, err := c.Status(t.Context())
	require.True(t, fault.HasKey(err, "signer_unavailable"), "%v", err)

	l, err := signer.Listen(path, nil, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	st, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), st.Mode().Perm())
	serve(t, l, e)

	chain, err := c.Chain(t.Context())
	require.NoError(t, err)
	require.Equal(t, b.Chain, chain)
	r := newRenewal(t, b)
	issued, err := c.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	require.Equal(t, r.request.ID, issued.RequestID)
	closing, err := c.Close(t.Context(), r.request.ID)
	require.NoError(t, err)
	require.Equal(t, &issued, closing.Issued)
	st2, err := c.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, st2.Issued)
	require.True(t, st2.SoftwareKeys)

	bad := newRenewal(t, b)
	bad.instruction.Approvals = bad.instruction.Approvals[:1]
	_, err = c.Issue(t.Context(), bad.instruction)
	require.True(t, fault.HasKey(err, "approval_missing") && fault.Is(err, fault.Forbidden), "%v", err)
}

func serve(t *testing.T, l net.Listener, e *signer.Engine) {
	t.Helper()
	serveHandler(t, l, signer.Handler(e))
}

func serveHandler(t *testing.T, l net.Listener, h http.Handler) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- signer.Serve(t.Context(), l, h) }() // t.Context ends before cleanups run
	t.Cleanup(func() { require.NoError(t, <-done) })
}

func TestCloseIsForEver(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	r := newRenewal(t, b)
	for range 2 {
		closing, err := e.Close(t.Context(), r.request.ID)
		require.NoError(t, err)
		require.Nil(t, closing.Issued)
	}
	_, err := e.Issue(t.Context(), r.instruction)
	require.True(t, fault.HasKey(err, "request_closed"), "%v", err)
	require.NoError(t, e.Shutdown())

	e = b.Open(t, clock)
	_, err = e.Issue(t.Context(), r.instruction)
	require.True(t, fault.HasKey(err, "request_closed"), "%v", err)
	r.again(t, b)
	_, err = e.Issue(t.Context(), r.instruction)
	require.NoError(t, err, "the authorisation is free for a request of another id")
	_, err = e.Close(t.Context(), "../x")
	require.True(t, fault.Is(err, fault.Invalid))
}

func TestOneSignerPerDirectory(t *testing.T) {
	b := signertest.New(t, now)
	b.Open(t, clock)
	_, err := b.TryOpen(clock)
	require.True(t, fault.HasKey(err, "signer_running"), "%v", err)
}

func TestWhatInitFixedStaysFixed(t *testing.T) {
	for _, name := range []string{"registry.json", "settings.json", "profile.json", "old.pem", "kmc.pem", "ca.pem", "root.pem"} {
		t.Run(name, func(t *testing.T) {
			b := signertest.New(t, now)
			path := filepath.Join(b.Dir, name)
			raw, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, append(raw, '\n'), 0o600))
			_, err = b.TryOpen(clock)
			require.True(t, fault.HasKey(err, "signer_data_changed"), "%v", err)
			_, err = signer.Verify(b.Dir, nil)
			require.True(t, fault.HasKey(err, "signer_data_changed"), "%v", err)
		})
	}
}

func TestInitRefuses(t *testing.T) {
	b := signertest.New(t, now)
	one := b.Reviewer.Approver
	twin := one
	twin.StaffID, twin.Login, twin.No = "2", "b", "02"
	samePerson := signertest.NewPerson(t, "3", "c", one.No, "issuer").Approver
	for name, c := range map[string]struct {
		change func(*signer.InitOptions)
		want   string
	}{
		"software keys":     {func(o *signer.InitOptions) { o.SoftwareKeys = false }, "software_keys_forbidden"},
		"a shared key":      {func(o *signer.InitOptions) { o.Staff = append(o.Staff, twin) }, "staff_list_malformed"},
		"a person twice":    {func(o *signer.InitOptions) { o.Staff = append(o.Staff, samePerson) }, "staff_list_malformed"},
		"short passphrase":  {func(o *signer.InitOptions) { o.Officers[1].Passphrase = []byte("short") }, "passphrase_short"},
		"bad profile":       {func(o *signer.InitOptions) { o.Profile.PolicyOID = "x" }, "profile_malformed"},
		"one share":         {func(o *signer.InitOptions) { o.Needed = 1 }, "ceremony_malformed"},
		"too few officers":  {func(o *signer.InitOptions) { o.Officers = o.Officers[:1] }, "ceremony_malformed"},
		"no officer at all": {func(o *signer.InitOptions) { o.Staff = o.Staff[:1] }, "staff_list_malformed"},
		"a share for an issuer": {func(o *signer.InitOptions) {
			o.Officers[0].Login = b.Issuer.Login
		}, "ceremony_malformed"},
		"an origin of another host": {func(o *signer.InitOptions) { o.Party.Origins = []string{"https://evil.example"} }, "ceremony_malformed"},
		"an origin in clear": {func(o *signer.InitOptions) {
			o.Party = cert.RelyingParty{ID: "a.example", Origins: []string{"http://a.example"}}
		}, "ceremony_malformed"},
		"SM2 only and passkeys": {func(o *signer.InitOptions) { o.SM2Only = true }, "ceremony_malformed"},
		"a list for ever":       {func(o *signer.InitOptions) { o.CRLHours = 10_000 }, "ceremony_malformed"},
		"used directory": {func(o *signer.InitOptions) {
			require.NoError(t, os.MkdirAll(filepath.Join(o.Dir, "x"), 0o700))
		}, "signer_exists"},
		"a share is there": {func(o *signer.InitOptions) {
			require.NoError(t, os.MkdirAll(o.SharesDir, 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(o.SharesDir, signer.ShareFile("officer2")), nil, 0o600))
		}, "signer_init_failed"},
	} {
		t.Run(name, func(t *testing.T) {
			o := signertest.Options(t, b.Officers, []signer.Approver{one, b.Issuer.Approver}, b.Earlier, now)
			c.change(&o)
			_, err := signer.Init(o)
			require.True(t, fault.HasKey(err, c.want), "%v", err)
			left, err := filepath.Glob(filepath.Join(filepath.Dir(o.Dir), "*", "*.pem"))
			require.NoError(t, err)
			require.Empty(t, left, "no half-made CA")
			_, err = os.Stat(filepath.Join(o.SharesDir, signer.ShareFile("officer1")))
			require.ErrorIs(t, err, os.ErrNotExist, "and no share of one")
		})
	}
}
