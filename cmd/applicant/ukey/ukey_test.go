package ukey_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/ukey"
)

const console = "http://localhost:8080"

// plugged starts an agent with the Ukeys of two people.
func plugged(t *testing.T) (*ukey.Agent, map[string]*sm2.PrivateKey) {
	t.Helper()
	dir, keys := t.TempDir(), map[string]*sm2.PrivateKey{}
	for _, login := range []string{"reviewer1", "issuer1"} {
		key, err := sm2.GenerateKey(rand.Reader)
		require.NoError(t, err)
		der, err := smx509.MarshalPKCS8PrivateKey(key)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, login+".pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
		keys[login] = key
	}
	a, err := ukey.Start(t.Context(), ukey.Options{Listen: "127.0.0.1:0", Keys: dir, Origin: console, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- a.Serve(ctx) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-ended) })
	return a, keys
}

type asked struct {
	method, path, body string
	header             map[string]string
}

func ask(t *testing.T, a *ukey.Agent, q asked) (status int, header http.Header, body map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), q.method, a.URL()+q.path, strings.NewReader(q.body))
	require.NoError(t, err)
	for k, v := range q.header {
		if k == "Host" {
			req.Host = v
		}
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	var out bytes.Buffer
	_, err = out.ReadFrom(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	_ = json.Unmarshal(out.Bytes(), &body) // a preflight has no body
	return res.StatusCode, res.Header, body
}

func signing(login, message string) string {
	raw, _ := json.Marshal(map[string]string{"login": login, "message": base64.StdEncoding.EncodeToString([]byte(message))})
	return string(raw)
}

var fromPage = map[string]string{"Origin": console, "Content-Type": "application/json"}

// A page of the console gets the person's signature, which the person's public key verifies.
func TestSigns(t *testing.T) {
	t.Parallel()
	a, keys := plugged(t)
	const message = "caconsole/approve/1\nreview\n2026-11-23T02:00:00Z\n00"
	status, header, body := ask(t, a, asked{http.MethodPost, "/v1/sign", signing("reviewer1", message), fromPage})
	require.Equal(t, http.StatusOK, status, body)
	require.Equal(t, console, header.Get("Access-Control-Allow-Origin"))
	signature, err := base64.StdEncoding.DecodeString(body["signature"].(string))
	require.NoError(t, err)
	require.True(t, sm2.VerifyASN1WithSM2(&keys["reviewer1"].PublicKey, nil, []byte(message), signature))

	_, _, body = ask(t, a, asked{http.MethodGet, "/v1/keys", "", fromPage})
	require.Len(t, body["keys"], 2)

	status, header, _ = ask(t, a, asked{http.MethodOptions, "/v1/sign", "", map[string]string{"Origin": console, "Access-Control-Request-Method": "POST"}})
	require.Equal(t, http.StatusNoContent, status)
	require.Equal(t, "true", header.Get("Access-Control-Allow-Private-Network"))
}

// Another page, another name of the port, another kind of message or person: no signature.
func TestRefuses(t *testing.T) {
	t.Parallel()
	a, _ := plugged(t)
	good := signing("issuer1", "caconsole/approve/1\nissue\n2026-11-23T02:00:00Z\n00")
	for name, c := range map[string]struct {
		asked
		status int
		code   string
	}{
		"another page":        {asked{http.MethodPost, "/v1/sign", good, map[string]string{"Origin": "https://evil.example", "Content-Type": "application/json"}}, 403, "origin_not_allowed"},
		"its preflight":       {asked{http.MethodOptions, "/v1/sign", "", map[string]string{"Origin": "null"}}, 403, "origin_not_allowed"},
		"a rebound name":      {asked{http.MethodPost, "/v1/sign", good, map[string]string{"Host": "evil.example", "Content-Type": "application/json"}}, 403, "host_wrong"},
		"a plain form":        {asked{http.MethodPost, "/v1/sign", good, map[string]string{"Origin": console, "Content-Type": "text/plain"}}, 415, "json_required"},
		"no JSON":             {asked{http.MethodPost, "/v1/sign", "{", fromPage}, 422, "request_unreadable"},
		"a foreign message":   {asked{http.MethodPost, "/v1/sign", signing("issuer1", "transfer all the money"), fromPage}, 422, "message_unknown"},
		"the holder's domain": {asked{http.MethodPost, "/v1/sign", signing("issuer1", "caconsole/renew/1\n{}"), fromPage}, 422, "message_unknown"},
		"another's enrolment": {asked{http.MethodPost, "/v1/sign", signing("issuer1", "caconsole/enrol/1\nreviewer1\n00"), fromPage}, 422, "message_of_another"},
		"a longer name's":     {asked{http.MethodPost, "/v1/sign", signing("issuer1", "caconsole/enrol/1\nissuer11\n00"), fromPage}, 422, "message_of_another"},
		"nobody's Ukey":       {asked{http.MethodPost, "/v1/sign", signing("issuer2", "caconsole/approve/1\nissue"), fromPage}, 404, "key_absent"},
		"too long":            {asked{http.MethodPost, "/v1/sign", signing("issuer1", "caconsole/approve/1\n"+strings.Repeat("0", 70<<10)), fromPage}, 422, "request_unreadable"},
	} {
		status, _, body := ask(t, a, c.asked)
		require.Equal(t, []any{c.status, c.code}, []any{status, body["code"]}, name)
	}
}

// Without keys, with a file that is none, or on the network: no agent.
func TestStartIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start := func(listen string) error {
		_, err := ukey.Start(t.Context(), ukey.Options{Listen: listen, Keys: dir, Origin: console, Log: slog.New(slog.DiscardHandler)})
		return err
	}
	require.ErrorContains(t, start("127.0.0.1:0"), "no <login>.pem")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.pem"), []byte("no key"), 0o600))
	require.ErrorContains(t, start("127.0.0.1:0"), "no PEM block")
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	der, err := smx509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	require.ErrorIs(t, start("0.0.0.0:0"), ukey.ErrNotLoopback)
}
