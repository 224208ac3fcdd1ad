package demo

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	vendor "caconsole/cmd/applicant/vendors/kmc"
	"caconsole/cmd/applicant/vendors/trouble"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/kmc"
)

// The console's client and the simulated key centre share no code: what one writes the other must read. A lost answer
// does not cost a key.
func TestKeyCentreAndClientAgree(t *testing.T) {
	t.Parallel()
	requester, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	troubles := &trouble.List{}
	centre, err := vendor.New(vendor.Options{
		State: t.TempDir(), Requester: &requester.PublicKey, Troubles: troubles, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	mux := http.NewServeMux()
	centre.Routes(mux)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	own, err := smx509.ParseCertificate(centre.Certificate())
	require.NoError(t, err)
	cfg := kmc.Config{URL: s.URL, Centres: []*smx509.Certificate{own}, Key: requester}

	ukey, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	spki, err := cert.EncodeKey(ukey.Public())
	require.NoError(t, err)
	now := time.Now()
	in := issuance.KeyApplication{
		RequestID: uuid.New(), OrderID: uuid.New(), SignKey: spki, UserID: "91440300MA5DA0000F", NotBefore: now, NotAfter: now.AddDate(1, 0, 0),
	}
	require.NoError(t, troubles.Add(trouble.Trouble{Call: vendor.Call, Kind: trouble.Lost}))
	_, err = kmc.New(cfg).Apply(t.Context(), in)
	require.True(t, fault.HasKey(err, "kmc_unavailable"), "%v", err)
	got, err := kmc.New(cfg).Apply(t.Context(), in)
	require.NoError(t, err)
	again, err := kmc.New(cfg).Apply(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, got.Evidence, again.Evidence)

	opened, err := sm2.ParseEnvelopedPrivateKey(ukey, got.Evidence.EnvelopeDER())
	require.NoError(t, err, "the Ukey opens it")
	enc, err := got.Evidence.Check(in.RequestID.String(), &ukey.PublicKey)
	require.NoError(t, err)
	require.True(t, opened.PublicKey.Equal(enc))

	in.UserID = "another"
	_, err = kmc.New(cfg).Apply(t.Context(), in)
	require.True(t, fault.HasKey(err, "kmc_id_reused"), "%v", err)
	cfg.Key, in.RequestID = nil, uuid.New()
	_, err = kmc.New(cfg).Apply(t.Context(), in)
	require.True(t, fault.HasKey(err, "kmc_refused"), "nobody signed it: %v", err)
}
