package kmc_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/kmc"
)

// centre answers as it is told, after it has noted what it was asked.
type centre struct {
	certtest.Centre
	t      *testing.T
	change func(cert.Evidence) cert.Evidence
	status int
	body   string
	asked  []byte
	header http.Header
	sign   *sm2.PrivateKey
}

func (c *centre) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.asked, _ = io.ReadAll(r.Body) // an empty one fails the test
	c.header = r.Header
	if c.status != 0 {
		w.WriteHeader(c.status)
		_, _ = io.WriteString(w, c.body) // the client sees what is missing
		return
	}
	var in struct {
		RequestID string `json:"request_id"`
	}
	if err := json.Unmarshal(c.asked, &in); err != nil {
		c.t.Error(err)
	}
	e, _ := c.Evidence(c.t, in.RequestID, &c.sign.PublicKey)
	if c.change != nil {
		e = c.change(e)
	}
	_, _ = fmt.Fprintf(w, `{"request_id":%q,"enc_key":%q,"enveloped":%q,"centre":%q,"signature":%q}`, e.RequestID, e.EncKey, e.Enveloped, e.Centre, e.Signature)
}

func setup(t *testing.T) (*centre, kmc.Config, issuance.KeyApplication) {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	c := &centre{Centre: certtest.NewCentre(t), t: t, sign: key}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	spki, err := cert.EncodeKey(key.Public())
	require.NoError(t, err)
	return c, kmc.Config{URL: s.URL + "/", Centres: []*smx509.Certificate{c.Cert}}, issuance.KeyApplication{
		RequestID: uuid.MustParse("0193a0a0-0000-7000-8000-000000000002"), OrderID: uuid.New(), SignKey: spki, UserID: certtest.OrganisationCode,
		NotBefore: time.Date(2026, 11, 22, 2, 30, 0, 0, time.UTC), NotAfter: time.Date(2027, 11, 22, 15, 59, 59, 0, time.UTC),
	}
}

func TestApplyTakesACheckedKey(t *testing.T) {
	c, cfg, in := setup(t)
	requester := certtest.NewCentre(t).Key
	cfg.Key = requester
	got, err := kmc.New(cfg).Apply(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, in.RequestID.String(), got.Evidence.RequestID)
	require.NoError(t, got.Evidence.Verify(cfg.Centres, &c.sign.PublicKey))
	require.Equal(t, string(c.asked), string(got.Sent), "kept as it went over the wire")
	require.Contains(t, string(got.Received), got.Evidence.Enveloped)
	require.JSONEq(t, fmt.Sprintf(`{"request_id":%q,"sign_key":%q,"user_id":%q,"not_before":"2026-11-22T02:30:00Z","not_after":"2027-11-22T15:59:59Z"}`,
		in.RequestID, base64.StdEncoding.EncodeToString(in.SignKey), in.UserID), string(c.asked))
	sig, err := base64.StdEncoding.DecodeString(c.header.Get("X-KMC-Signature"))
	require.NoError(t, err)
	require.True(t, sm2.VerifyASN1WithSM2(&requester.PublicKey, nil, append([]byte("caconsole/kmc-request/1\n"), c.asked...), sig))
}

func TestApplyRefusesAnAnswerThatDoesNotHold(t *testing.T) {
	other := certtest.NewCentre(t)
	for label, change := range map[string]func(*centre) func(cert.Evidence) cert.Evidence{
		"another request": func(*centre) func(cert.Evidence) cert.Evidence {
			return func(e cert.Evidence) cert.Evidence { e.RequestID = uuid.NewString(); return e }
		},
		"another sign key": func(c *centre) func(cert.Evidence) cert.Evidence {
			return func(e cert.Evidence) cert.Evidence {
				f, _ := c.Evidence(t, e.RequestID, other.Key.Public())
				return f
			}
		},
		"another centre": func(c *centre) func(cert.Evidence) cert.Evidence {
			return func(e cert.Evidence) cert.Evidence {
				f, _ := other.Evidence(t, e.RequestID, &c.sign.PublicKey)
				return f
			}
		},
		"keys exchanged": func(c *centre) func(cert.Evidence) cert.Evidence {
			return func(e cert.Evidence) cert.Evidence {
				f, _ := c.Evidence(t, e.RequestID, &c.sign.PublicKey)
				e.EncKey = f.EncKey
				return e
			}
		},
		"nothing in it": func(*centre) func(cert.Evidence) cert.Evidence {
			return func(cert.Evidence) cert.Evidence { return cert.Evidence{} }
		},
	} {
		t.Run(label, func(t *testing.T) {
			c, cfg, in := setup(t)
			c.change = change(c)
			_, err := kmc.New(cfg).Apply(t.Context(), in)
			require.True(t, fault.HasKey(err, "kmc_answer_wrong"), "%v", err)
		})
	}
}

func TestApplyTellsRefusalsFromOutages(t *testing.T) {
	for label, c := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"refused":       {422, `{"code":"key_malformed"}`, "kmc_refused"},
		"id used twice": {409, `{"code":"id_reused"}`, "kmc_id_reused"},
		"no plain word": {403, `{"code":"<script>"}`, "kmc_refused"},
		"no JSON":       {404, `not here`, "kmc_refused"},
		"down":          {503, ``, "kmc_unavailable"},
		"too often":     {429, ``, "kmc_unavailable"},
		"moved":         {302, ``, "kmc_unavailable"},
		"half a JSON":   {200, `{"request_id"`, "kmc_answer_wrong"},
	} {
		t.Run(label, func(t *testing.T) {
			centre, cfg, in := setup(t)
			centre.status, centre.body = c.status, c.body
			_, err := kmc.New(cfg).Apply(t.Context(), in)
			require.True(t, fault.HasKey(err, c.want), "%v", err)
			require.NotContains(t, fmt.Sprint(fault.Of(err).Args), "script")
		})
	}
	_, cfg, in := setup(t)
	cfg.URL = "http://127.0.0.1:1"
	_, err := kmc.New(cfg).Apply(t.Context(), in)
	require.True(t, fault.HasKey(err, "kmc_unavailable"), "%v", err)
}
