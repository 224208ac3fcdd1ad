package kmc_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/vendors/kmc"
	"caconsole/cmd/applicant/vendors/trouble"
)

const id = "0193a0a0-0000-7000-8000-000000000001"

func start(t *testing.T, o kmc.Options) string {
	t.Helper()
	o.Now, o.Log = time.Now, slog.New(slog.DiscardHandler)
	if o.Troubles == nil {
		o.Troubles = &trouble.List{}
	}
	c, err := kmc.New(o)
	require.NoError(t, err)
	mux := http.NewServeMux()
	c.Routes(mux)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func newKey(t *testing.T) (*sm2.PrivateKey, []byte) {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	der, err := smx509.MarshalPKIXPublicKey(key.Public())
	require.NoError(t, err)
	return key, der
}

func body(t *testing.T, id string, spki []byte) []byte {
	t.Helper()
	raw, err := json.Marshal(map[string]any{
		"request_id": id, "sign_key": spki, "user_id": "91440300MA5DA0000F",
		"not_before": "2026-11-22T02:30:00Z", "not_after": "2027-11-22T15:59:59Z",
	})
	require.NoError(t, err)
	return raw
}

type answer struct {
	Code      string
	RequestID string `json:"request_id"`
	EncKey    []byte `json:"enc_key"`
	Enveloped []byte
	Centre    string
	Signature []byte
}

func ask(t *testing.T, base string, body []byte, signature string) (int, answer) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+kmc.KeysPath, bytes.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("X-KMC-Signature", signature)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, answer{}
	}
	defer func() { _ = resp.Body.Close() }()
	var a answer
	_ = json.NewDecoder(resp.Body).Decode(&a) // an outage has no JSON
	return resp.StatusCode, a
}

func TestMakesAKeyThatOnlyTheUkeyOpens(t *testing.T) {
	state := t.TempDir()
	base := start(t, kmc.Options{State: state})
	key, spki := newKey(t)
	status, a := ask(t, base, body(t, id, spki), "")
	require.Equal(t, http.StatusOK, status)
	opened, err := sm2.ParseEnvelopedPrivateKey(key, a.Enveloped)
	require.NoError(t, err)
	pub, err := smx509.ParsePKIXPublicKey(a.EncKey)
	require.NoError(t, err)
	require.True(t, opened.PublicKey.Equal(pub))

	resp, err := http.Get(base + kmc.CertificatePath)
	require.NoError(t, err)
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	block, _ := pem.Decode(raw)
	cert, err := smx509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	sum := func(b []byte) string { s := sm3.Sum(b); return hex.EncodeToString(s[:]) }
	require.Equal(t, sum(cert.Raw), a.Centre)
	centre, ok := cert.PublicKey.(*ecdsa.PublicKey)
	require.True(t, ok)
	msg := "caconsole/kmc/1\n" + id + "\n" + sum(spki) + "\n" + sum(a.EncKey) + "\n" + sum(a.Enveloped)
	require.True(t, sm2.VerifyASN1WithSM2(centre, nil, []byte(msg), a.Signature))

	_, again := ask(t, base, body(t, id, spki), "")
	require.Equal(t, a, again, "the same request, the same key")
	_, again = ask(t, start(t, kmc.Options{State: state}), body(t, id, spki), "")
	require.Equal(t, a, again, "also after a restart")
	_, other := newKey(t)
	status, refused := ask(t, base, body(t, id, other), "")
	require.Equal(t, []any{http.StatusConflict, "id_reused"}, []any{status, refused.Code})
}

func TestRefuses(t *testing.T) {
	base := start(t, kmc.Options{})
	_, spki := newKey(t)
	for name, c := range map[string]struct {
		body []byte
		code string
	}{
		"no JSON":   {[]byte("{"), "request_malformed"},
		"no UUID":   {body(t, "1", spki), "request_malformed"},
		"no key":    {body(t, id, []byte{0x30, 0}), "key_malformed"},
		"no holder": {bytes.Replace(body(t, id, spki), []byte("91440300MA5DA0000F"), nil, 1), "request_malformed"},
	} {
		status, a := ask(t, base, c.body, "")
		require.Equal(t, http.StatusUnprocessableEntity, status, name)
		require.Equal(t, c.code, a.Code, name)
	}
}

func TestKnowsItsRequester(t *testing.T) {
	requester, _ := newKey(t)
	base := start(t, kmc.Options{Requester: &requester.PublicKey})
	_, spki := newKey(t)
	b := body(t, id, spki)
	status, a := ask(t, base, b, "")
	require.Equal(t, []any{http.StatusForbidden, "signature_wrong"}, []any{status, a.Code})
	sig, err := requester.Sign(rand.Reader, append([]byte("caconsole/kmc-request/1\n"), b...), sm2.DefaultSM2SignerOpts)
	require.NoError(t, err)
	status, _ = ask(t, base, b, base64.StdEncoding.EncodeToString(sig))
	require.Equal(t, http.StatusOK, status)
}

// A lost answer is no lost key: the next try gets what the first one made.
func TestTroubles(t *testing.T) {
	troubles := &trouble.List{}
	base := start(t, kmc.Options{Troubles: troubles})
	_, spki := newKey(t)
	for kind, want := range map[string]int{trouble.Down: 503, trouble.Lost: 0, trouble.Refuse: 422} {
		require.NoError(t, troubles.Add(trouble.Trouble{Call: kmc.Call, Kind: kind, Code: "busy"}))
		status, _ := ask(t, base, body(t, id, spki), "")
		require.Equal(t, want, status, kind)
	}
	require.NoError(t, troubles.Order(trouble.Fault{Vendor: trouble.KMC, Kind: trouble.ServerError}))
	status, _ := ask(t, base, body(t, id, spki), "")
	require.Equal(t, 503, status)
	status, a := ask(t, base, body(t, id, spki), "")
	require.Equal(t, http.StatusOK, status)
	_, again := ask(t, base, body(t, id, spki), "")
	require.Equal(t, a, again)
}
