package page_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
)

// signedFiles is a page with an act that is signed and one that is not.
var signedFiles = fstest.MapFS{
	"show.html": {Data: []byte(`{{define "title"}}x{{end}}
{{define "content"}}<p id="said">{{.Data}}</p>
<form id="act" method="post" action="/signed/other">{{template "csrf" .}}<textarea id="note" name="note"></textarea>
<button id="sign" formaction="/signed/act" name="which" value="first" data-sign="/signed/to-sign" data-key="KeyA">go <kbd>A</kbd></button>
<button id="refused" formaction="/signed/act" data-sign="/signed/refuse">no</button><button id="other">other</button></form>{{end}}`)},
}

var toSign = issuance.ToSign{
	Duty: cert.DutyReview, At: pagetest.Now, Digests: []string{"d1"}, Message: cert.ApprovalMessage(cert.DutyReview, pagetest.Now, []string{"d1"}),
}

// signing is a site with a signed act, the agent beside it, and what came of both.
type signing struct {
	t  *testing.T
	b  *browser
	mu sync.Mutex
	// by which keys the person can sign, and how the agent answers: "" for not at all
	keys    issuance.SigningKeys
	agent   string
	asked   int // how often what to sign was asked for
	touched int
	acts    []act
}

// act is one form as it came.
type act struct {
	note, which string
	approval    issuance.Signature
	missing     bool // no signature
}

func newSigning(t *testing.T) *signing {
	t.Helper()
	s := &signing{t: t}
	agent := httptest.NewServer(http.HandlerFunc(s.serveAgent))
	t.Cleanup(agent.Close)
	site := pagetest.NewWith(t, []string{"x:view"}, func(d *page.Deps) {
		d.UkeyAgent = agent.URL
		d.SigningKeys = func(context.Context, actor.Actor, string) (issuance.SigningKeys, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.keys, nil
		}
	}, s.area)
	s.b = openSite(t, site)
	s.b.do(chromedp.Navigate(s.b.url + "/enter"))
	return s
}

func (s *signing) area(r *page.Router) {
	r.Templates("signed", signedFiles)
	r.Public("GET", "/enter", func(c *page.Ctx) error { c.StartSession("t", time.Hour); return c.Redirect("/signed", "") })
	r.Get("/signed", "x:view", func(c *page.Ctx) error { return c.Render("signed/show", c.Query("said")) })
	r.Post("/signed/to-sign", "x:view", func(c *page.Ctx) error {
		s.mu.Lock()
		s.asked++
		s.mu.Unlock()
		if c.Form("note") == "" || c.Form("which") != "first" || c.Form("approval") != "" {
			return fault.New(fault.Invalid, "field_required", nil)
		}
		return c.ToSign(toSign)
	})
	r.Post("/signed/refuse", "x:view", func(*page.Ctx) error { return fault.New(fault.Conflict, "renewal_open", nil) })
	r.Post("/signed/other", "x:view", func(c *page.Ctx) error { return c.Redirect("/signed?said=other", "") })
	r.Post("/signed/act", "x:view", func(c *page.Ctx) error {
		sig, err := c.Signature()
		s.mu.Lock()
		s.acts = append(s.acts, act{c.Form("note"), c.Form("which"), sig, err != nil})
		s.mu.Unlock()
		if err != nil {
			return c.Refuse(err, "signed/show", "kept "+c.Form("note"))
		}
		return c.Redirect("/signed?said=signed", "")
	})
}

// serveAgent plays the agent as the page sees it.
func (s *signing) serveAgent(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	mode := s.agent
	s.mu.Unlock()
	if mode == "" {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
	if r.Method == http.MethodOptions {
		return
	}
	var in struct {
		Login   string
		Message []byte
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(raw, &in) != nil || r.URL.Path != "/v1/sign" || in.Login != "lixiaowen" || string(in.Message) != string(toSign.Message) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, `{"code":"request_unreadable"}`)
		return
	}
	s.mu.Lock()
	s.touched++
	s.mu.Unlock()
	if mode == "slow" {
		time.Sleep(500 * time.Millisecond)
		mode = "ok"
	}
	if mode != "ok" {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"code":"`+mode+`"}`)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"signature": []byte("by Ukey")})
}

// set changes how the next act goes and opens the page with a draft.
func (s *signing) set(keys issuance.SigningKeys, agent string) {
	s.t.Helper()
	s.mu.Lock()
	s.keys, s.agent, s.acts, s.asked, s.touched = keys, agent, nil, 0, 0
	s.mu.Unlock()
	s.b.do(chromedp.Navigate(s.b.url+"/signed"), chromedp.SendKeys("#note", "my draft"))
	s.b.js(`document.activeElement.blur()`)
}

// one is the act that came, as the only one.
func (s *signing) one() act {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Len(s.t, s.acts, 1)
	require.Equal(s.t, "my draft", s.acts[0].note)
	return s.acts[0]
}

// says waits for a sentence in the place of refusals, with the draft kept, nothing sent and the button as it was.
func (s *signing) says(sentence string) {
	s.t.Helper()
	s.b.until(`document.querySelector("#problem [role=alert]")?.innerText.includes("` + sentence + `")`)
	s.b.until(`document.querySelector("#note").value === "my draft" && document.querySelector("#sign").innerText.startsWith("go")`)
	s.b.until(`!document.querySelector("[aria-busy]")`)
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Empty(s.t, s.acts)
}

func (s *signing) signed() {
	s.t.Helper()
	s.b.until(`document.querySelector("#said").textContent === "signed"`)
}

func (s *signing) press() { s.t.Helper(); s.b.do(chromedp.KeyEvent("a")) }

func TestSigningInBrowser(t *testing.T) {
	s := newSigning(t)
	for _, part := range []struct {
		name string
		run  func()
	}{
		{"Ukey", s.byUkey},
		{"what goes wrong is said and can be tried again", s.failures},
		{"refusals of the server are its own page", s.refusals},
		{"delegated key", s.byDelegation},
		{"passkey", s.byPasskey},
	} {
		t.Run(part.name, func(t *testing.T) {
			s.t, s.b.t = t, t
			part.run()
		})
	}
}

// One press by the key's letter, one touch, one form, with what the submitter adds.
func (s *signing) byUkey() {
	s.set(issuance.SigningKeys{Ukey: true}, "slow")
	s.press()
	s.b.until(`document.querySelector("#sign[aria-busy=true]")?.innerText === "请在 Ukey/通行密钥上确认"`)
	s.press()
	s.b.js(`document.querySelector("#sign").click()`)
	s.signed()
	got := s.one()
	require.Equal(s.t, act{note: "my draft", which: "first", approval: issuance.Signature{At: pagetest.Now, Kind: cert.KindSM2, Signature: []byte("by Ukey")}}, got)
	require.Equal(s.t, []int{1, 1}, []int{s.asked, s.touched}, "asked once, touched once")

	s.set(issuance.SigningKeys{Ukey: true}, "ok")
	s.b.do(chromedp.Click("#other"))
	s.b.until(`document.querySelector("#said").textContent === "other"`)
	require.Zero(s.t, s.asked, "an act that needs no signature asks for none")
}

func (s *signing) failures() {
	for _, c := range []struct {
		keys     issuance.SigningKeys
		agent    string
		sentence string
	}{
		{issuance.SigningKeys{Ukey: true}, "", "Ukey 签名程序没有运行"},
		{issuance.SigningKeys{Ukey: true}, "key_absent", "没有找到你的 Ukey"},
		{issuance.SigningKeys{Ukey: true}, "cancelled", "被取消"},
		{issuance.SigningKeys{Ukey: true}, "not_signed", "Ukey 拒绝了这次签名"},
		{issuance.SigningKeys{}, "ok", "没有可用的签名密钥"},
	} {
		s.set(c.keys, c.agent)
		s.press()
		s.says(c.sentence)
	}
	s.mu.Lock()
	s.keys.Ukey, s.agent = true, "ok"
	s.mu.Unlock()
	s.press() // the same page, the key plugged in
	s.signed()
	require.Equal(s.t, cert.KindSM2, s.one().approval.Kind)

	// What the agent says is nothing to other addresses: the content policy lets pages reach no other.
	s.set(issuance.SigningKeys{Ukey: true}, "ok")
	s.b.js(`document.body.dataset.agent = document.body.dataset.agent.replace("127.0.0.1", "localhost")`)
	s.press()
	s.says("Ukey 签名程序没有运行")
	require.Zero(s.t, s.touched)
}

func (s *signing) refusals() {
	s.set(issuance.SigningKeys{Ukey: true}, "ok")
	s.b.do(chromedp.Click("#refused"))
	s.b.until(`document.querySelector("#said").textContent === "kept my draft" && !!document.querySelector("#problem [role=alert]")`)
	require.True(s.t, s.one().missing, "the form went as it would without a script")
	require.Zero(s.t, s.touched, "nothing is signed that the console will not take")
}

// The browser's key of the shift signs by itself; where this browser does not have it, the person is asked.
func (s *signing) byDelegation() {
	s.set(issuance.SigningKeys{Ukey: true, Delegation: "d-1"}, "ok")
	s.press()
	s.signed()
	require.Equal(s.t, cert.KindSM2, s.one().approval.Kind, "another browser has the key")

	keep := func(expires string) string {
		public, err := chromedp.Run(s.b.ctx, chromedp.Evaluate[string](`(async () => {
			const pair = await crypto.subtle.generateKey({name: "ECDSA", namedCurve: "P-256"}, false, ["sign", "verify"]);
			await new Promise((done, fail) => {
				const open = indexedDB.open("caconsole", 1);
				open.onerror = fail;
				open.onsuccess = () => { const put = open.result.transaction("delegation", "readwrite").objectStore("delegation").put({id: "d-1", key: pair.privateKey, expires: `+expires+`}); put.onsuccess = () => { open.result.close(); done() }; put.onerror = fail };
			});
			return btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey))));
		})()`, chromedp.EvalAwaitPromise))
		require.NoError(s.t, err)
		return public
	}
	s.set(issuance.SigningKeys{Ukey: true, Delegation: "d-1"}, "ok")
	public := keep(`new Date(Date.now() + 60000).toISOString()`)
	s.press()
	s.signed()
	got := s.one().approval
	require.Zero(s.t, s.touched)
	require.Equal(s.t, []string{cert.KindDelegated, "d-1"}, []string{got.Kind, got.Delegation})
	der, err := base64.StdEncoding.DecodeString(public)
	require.NoError(s.t, err)
	key, err := cert.ParsePasskey(der)
	require.NoError(s.t, err)
	sum := sha256.Sum256(toSign.Message)
	require.Len(s.t, got.Signature, 64)
	require.True(s.t, ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(got.Signature[:32]), new(big.Int).SetBytes(got.Signature[32:])))

	s.set(issuance.SigningKeys{Ukey: true, Delegation: "d-1"}, "ok")
	keep(`new Date(Date.now() - 60000).toISOString()`)
	s.press()
	s.signed()
	require.Equal(s.t, cert.KindSM2, s.one().approval.Kind, "the shift is over")
}

// A passkey signs where no Ukey does, with the person verified.
func (s *signing) byPasskey() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(s.t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(s.t, err)
	var added struct {
		AuthenticatorID string `json:"authenticatorId"`
	}
	call := func(method string, params, result any) {
		s.t.Helper()
		s.b.do(func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
			return chromedp.Void{}, target.Call(ctx, method, params, result)
		})
	}
	var nothing struct{}
	call("WebAuthn.enable", nothing, &nothing)
	call("WebAuthn.addVirtualAuthenticator", map[string]any{"options": map[string]any{
		"protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true, "isUserVerified": true,
	}}, &added)
	id := []byte("a passkey of hers")
	call("WebAuthn.addCredential", map[string]any{"authenticatorId": added.AuthenticatorID, "credential": map[string]any{
		"credentialId": id, "isResidentCredential": false, "rpId": "localhost", "privateKey": pkcs8, "signCount": 1,
	}}, &nothing)

	passkey := issuance.SigningKeys{Passkeys: [][]byte{id}, RPID: "localhost"}
	verify := func() {
		s.t.Helper()
		s.signed()
		got := s.one().approval
		require.Equal(s.t, cert.KindWebAuthn, got.Kind)
		rp := cert.RelyingParty{ID: "localhost", Origins: []string{s.b.url}}
		require.NoError(s.t, got.WebAuthn.Verify(&key.PublicKey, rp, toSign.Message, got.Signature))
		require.Equal(s.t, id, got.WebAuthn.CredentialID)
	}
	s.set(passkey, "ok")
	s.press()
	verify()
	require.Zero(s.t, s.touched)

	for _, agent := range []string{"", "key_absent"} { // enrolled both, has only the passkey here
		both := passkey
		both.Ukey = true
		s.set(both, agent)
		s.press()
		verify()
	}

	call("WebAuthn.setUserVerified", map[string]any{"authenticatorId": added.AuthenticatorID, "isUserVerified": false}, &nothing)
	s.set(passkey, "ok")
	s.press()
	s.says("被取消")
}

// The agent's address is in the page and in its content policy, and nowhere where there is none.
func TestUkeyAgentIsTheOnlyOtherAddress(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string][2]string{
		"":                      {"connect-src 'self';", "<body>"},
		"http://127.0.0.1:8091": {"connect-src 'self' http://127.0.0.1:8091;", `<body data-agent="http://127.0.0.1:8091">`},
	} {
		s := pagetest.NewWith(t, []string{"x:view"}, func(d *page.Deps) { d.UkeyAgent = agent }, area)
		res := s.Get("/x")
		policy := res.Header.Get("Content-Security-Policy")
		require.Contains(t, policy, want[0])
		require.Equal(t, strings.Count(want[0], "http:"), strings.Count(policy, "http:"))
		require.Contains(t, res.Body, want[1])
	}
}
