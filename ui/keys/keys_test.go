package keys_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/chromedp/chromedp"
	"github.com/emmansun/gmsm/smx509"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/job"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/seal"
	"caconsole/admin/staff"
	"caconsole/admin/throttle"
	"caconsole/cmd/applicant/ukey"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/signer"
	"caconsole/issuance/signer/signertest"
	"caconsole/issuance/staffkey"
	"caconsole/rbac"
	"caconsole/ui/guard"
	"caconsole/ui/keys"
	"caconsole/ui/login"
	"caconsole/ui/page"
	"caconsole/ui/static"
)

const (
	password = "correct horse battery"
	patience = 20 * time.Second
)

// bureau is a console with a real signer, a Ukey agent and people at one browser.
type bureau struct {
	*flow.Flow
	t       *testing.T
	engine  *signer.Engine
	old     cert.Authority
	people  map[string]signertest.Person
	secrets map[string]seal.Secret
	url     string
	ctx     context.Context // of the browser
	auth    string          // id of the virtual authenticator

	mu     sync.Mutex
	ahead  time.Duration // of the machine's clock
	queued []job.Args
	digest cert.Digest // of what /try signs
	signed *issuance.Approval
}

func (b *bureau) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Now().UTC().Add(b.ahead)
}

// Enqueue keeps a job for drain.
func (b *bureau) Enqueue(_ context.Context, _ pg.Tx, args job.Args, _ ...job.Option) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queued = append(b.queued, args)
	return nil
}

// drain does the jobs that wait.
func (b *bureau) drain() {
	b.t.Helper()
	b.mu.Lock()
	jobs := b.queued
	b.queued = nil
	b.mu.Unlock()
	for _, j := range jobs {
		switch a := j.(type) {
		case flow.RegistryArgs:
			require.NoError(b.t, b.SendRegistry(b.t.Context(), a.Digest))
		case flow.EndDelegationArgs:
			require.NoError(b.t, b.TellDelegation(b.t.Context(), a.ID))
		}
	}
}

// cast is who works here; the reviewer's Ukey is plugged in, and the signer does not know it.
var cast = []struct{ login, no, role string }{
	{"reviewer1", "0217", rbac.Reviewer},
	{"issuer1", "0411", rbac.Issuer},
	{"officer1", "0801", rbac.KeyOfficer},
	{"officer2", "0802", rbac.KeyOfficer},
}

func open(t *testing.T) *bureau {
	t.Helper()
	b := &bureau{t: t, people: map[string]signertest.Person{}, secrets: map[string]seal.Secret{}}
	db := pgtest.New(t)
	raw, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(raw)
	require.NoError(t, err)
	checkpoints, err := ring.CheckpointKey()
	require.NoError(t, err)
	log := audit.New(db, checkpoints, b.now)
	b.Flow = &flow.Flow{
		DB: db, Now: b.now, Log: slog.New(slog.DiscardHandler), Jobs: b, Audit: log, Keys: staffkey.New(b.now),
		Staff: staff.New(staff.Options{
			DB: db, Ring: ring, Limiter: throttle.New(db, b.now), Audit: log, Now: b.now, Exclusive: rbac.CheckRoles,
			Cost: &argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
		}),
	}
	b.Staff.OnSessionEnd(b.SessionEnded)
	for _, c := range cast {
		m, secret, err := b.Staff.Create(t.Context(), actor.Job("test"), staff.NewMember{
			Login: c.login, Name: "员工" + c.no, No: c.no, Roles: []string{c.role}, Password: password, AllProjects: true,
		})
		require.NoError(t, err)
		b.secrets[c.login], b.people[c.login] = secret, signertest.NewPerson(t, m.ID.String(), c.login, c.no, c.role)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	b.url = fmt.Sprintf("http://localhost:%d", l.Addr().(*net.TCPAddr).Port)
	b.found(t)
	b.serve(t, db, l, b.plug(t))
	return b
}

// found makes the signer. Of the people with Ukeys it knows the issuer and the officers.
func (b *bureau) found(t *testing.T) {
	t.Helper()
	b.old = certtest.Authority(t)
	opt := signertest.Options(t, []signertest.Person{b.people["officer1"], b.people["officer2"]}, []signer.Approver{b.people["issuer1"].Approver}, b.old, b.now())
	opt.Party = cert.RelyingParty{ID: "localhost", Origins: []string{b.url}}
	_, err := signer.Init(opt)
	require.NoError(t, err)
	b.engine, err = signer.Open(signer.Options{Dir: opt.Dir, Now: b.now, Logger: b.Log})
	require.NoError(t, err)
	t.Cleanup(func() { _ = b.engine.Shutdown() })
	for _, s := range signertest.OpenShares(t, opt) {
		_, err := b.engine.GiveShare(t.Context(), s)
		require.NoError(t, err)
	}
	b.Issuance, b.Registrar = issuance.New(b.engine, b.now), b.engine
	require.NoError(t, b.KeepAuthority(t.Context()))
}

// plug puts everybody's Ukey into this PC and returns where its agent answers.
func (b *bureau) plug(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, p := range b.people {
		der, err := smx509.MarshalPKCS8PrivateKey(p.Key)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	}
	a, err := ukey.Start(t.Context(), ukey.Options{Listen: "127.0.0.1:0", Keys: dir, Origin: b.url, Log: b.Log})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- a.Serve(ctx) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-ended) })
	return a.URL()
}

// tryFiles is a page with one act that is signed.
var tryFiles = fstest.MapFS{"try.html": {Data: []byte(`{{define "title"}}x{{end}}
{{define "content"}}<p id="said">{{.Data}}</p><form method="post" action="/try">{{template "csrf" .}}<button id="go" data-sign="/try/to-sign">go</button></form>{{end}}`)}}

func (b *bureau) serve(t *testing.T, db *pg.DB, l net.Listener, agent string) {
	t.Helper()
	assets, err := static.New()
	require.NoError(t, err)
	policy, err := rbac.Load(t.Context(), db, b.Log, b.now)
	require.NoError(t, err)
	app := fiber.New(fiber.Config{Immutable: true, DisableStartupMessage: true})
	r := page.NewRouter(app, page.Deps{
		Assets: assets, Guard: guard.New(b.Staff, policy.Permissions, b.Audit), Now: b.now, Env: page.Environment{Name: "test", Version: "0"},
		Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})), SigningKeys: b.SigningKeys, UkeyAgent: agent,
	})
	login.Routes(r, login.Deps{Accounts: b.Staff})
	keys.Routes(r, keys.Deps{Flow: b.Flow})
	r.Templates("try", tryFiles)
	r.Get("/home", page.LoggedIn, func(c *page.Ctx) error { return c.Render("try/try", "") })
	r.Get("/try", rbac.CaseDecide, func(c *page.Ctx) error { return c.Render("try/try", c.Query("said")) })
	r.Post("/try/to-sign", rbac.CaseDecide, func(c *page.Ctx) error { return c.ToSign(b.Issuance.ToSign(cert.DutyReview, b.digest)) })
	r.Post("/try", rbac.CaseDecide, b.try)
	app.Use(r.NotFound)
	require.NoError(t, r.Ready())
	go func() { _ = app.Listener(l) }()
	t.Cleanup(func() { _ = app.Shutdown() })
}

func (b *bureau) try(c *page.Ctx) error {
	sig, err := c.Signature()
	if err == nil {
		var a issuance.Approval
		if a, err = b.Issuance.Approval(c.Context(), b.DB.Read(c.Context()), c.Actor(), cert.DutyReview, []cert.Digest{b.digest}, sig); err == nil {
			b.mu.Lock()
			b.signed = &a
			b.mu.Unlock()
		}
	}
	if err != nil {
		return c.Refuse(err, "try/try", "")
	}
	return c.Redirect("/try?said=signed", "")
}

// sit opens the browser, with an authenticator in the PC.
func (b *bureau) sit() {
	b.t.Helper()
	bin, err := exec.LookPath("chromium")
	if err != nil {
		b.t.Skip("chromium is not installed")
	}
	ctx, cancel := context.WithTimeout(b.t.Context(), 3*time.Minute)
	b.t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(bin), chromedp.NoSandbox, chromedp.WindowSize(1366, 768))...)
	b.t.Cleanup(stop)
	ctx, done := chromedp.NewContext(ctx)
	b.t.Cleanup(done)
	b.ctx = ctx
	b.do(chromedp.Navigate(b.url + "/login"))
	var nothing struct{}
	b.call("WebAuthn.enable", nothing, &nothing)
	var added struct {
		ID string `json:"authenticatorId"`
	}
	b.call("WebAuthn.addVirtualAuthenticator", map[string]any{"options": map[string]any{
		"protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true, "isUserVerified": true,
	}}, &added)
	b.auth = added.ID
}

func (b *bureau) call(method string, params, result any) {
	b.t.Helper()
	b.do(func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		return chromedp.Void{}, target.Call(ctx, method, params, result)
	})
}

func (b *bureau) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, steps...))
}

func (b *bureau) until(expression string) {
	b.t.Helper()
	ok := false
	for end := time.Now().Add(patience); !ok && time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		v, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.readyState === "complete" && !!(`+expression+`)`))
		ok = err == nil && v
	}
	if !ok {
		seen, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.pathname + "\n" + document.body.innerText`))
		require.Fail(b.t, "never "+expression, seen)
	}
}

// enter logs a person in and opens a page.
func (b *bureau) enter(login, path string) {
	b.t.Helper()
	b.mu.Lock()
	b.ahead += 31 * time.Second // a one-time code is good once
	b.mu.Unlock()
	code, err := staff.Code(b.secrets[login], b.now())
	require.NoError(b.t, err)
	b.do(chromedp.Navigate(b.url + "/login?next=" + path))
	b.until(`document.querySelector("#code")`)
	b.do(chromedp.SendKeys("#login", login), chromedp.SendKeys("#password", password), chromedp.SendKeys("#code", code+"\r"))
	b.until(`location.pathname === "` + path + `"`)
}

func (b *bureau) press(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(selector))
}

func (b *bureau) says(text string) string { return `document.body.innerText.includes("` + text + `")` }

// issue signs the review of a new renewal in the browser and has the signer issue it with the issuer's confirmation.
func (b *bureau) issue(kind string) {
	b.t.Helper()
	chain, err := b.engine.Chain(b.t.Context())
	require.NoError(b.t, err)
	profile, err := cert.ParseProfile(chain.Profile)
	require.NoError(b.t, err)
	ca, err := smx509.ParseCertificate(chain.CA)
	require.NoError(b.t, err)
	holder := certtest.NewHolder(b.t, b.old.CA, "中测试核电有限公司", b.now().AddDate(0, -1, 0))
	auth, err := cert.NewAuthorisation(holder.Old, cert.Grant{
		ID: uuid.NewString(), Order: "R261122000019", Origin: cert.OriginReviewed, Content: cert.SM3([]byte("content")), Profile: profile.Ref(),
		Years: 1, Keys: cert.KeepKeys, Now: b.now(), Expires: b.now().Add(72 * time.Hour),
	})
	require.NoError(b.t, err)
	b.mu.Lock()
	b.digest, b.signed = auth.Digest(), nil
	b.mu.Unlock()
	b.do(chromedp.Navigate(b.url + "/try"))
	b.until(`document.querySelector("#go")`)
	b.press("#go")
	b.until(`document.querySelector("#said")?.innerText === "signed"`)
	require.Equal(b.t, kind, b.signed.Kind)
	request, err := cert.NewRequest(rand.Reader, uuid.NewString(), auth, holder.Old, ca.NotAfter, b.now())
	require.NoError(b.t, err)
	_, err = b.engine.Issue(b.t.Context(), cert.Instruction{
		Request: request.Canonical(), Authorisation: auth.Canonical(), Old: holder.Pair,
		Approvals: []cert.Approval{b.signed.Approval, b.people["issuer1"].Approve(b.t, cert.DutyIssue, b.now(), auth.Digest())},
	})
	require.NoError(b.t, err)
}

// TestPasskeyInBrowser takes a passkey from its making to the certificates it and the key it delegates to help to issue.
func TestPasskeyInBrowser(t *testing.T) {
	b := open(t)
	b.sit()
	b.enter("reviewer1", "/my-keys")
	b.until(b.says("还没有有效的通行密钥"))
	b.call("WebAuthn.setUserVerified", map[string]any{"authenticatorId": b.auth, "isUserVerified": false}, &struct{}{})
	b.press(`form[data-show="webauthn"] button`)
	b.until(b.says("取消") + ` || document.querySelector("#problem .banner")`) // nobody there: no passkey
	b.call("WebAuthn.setUserVerified", map[string]any{"authenticatorId": b.auth, "isUserVerified": true}, &struct{}{})
	b.press(`form[data-show="webauthn"] button`)
	b.until(`document.querySelectorAll("tbody tr").length === 1 && ` + b.says("申请中"))
	b.until(b.says("已找到你的 Ukey"))
	b.press(`form[data-show="sm2"] button`)
	b.until(`document.querySelectorAll("tbody tr").length === 2`)

	b.enter("officer1", "/keys")
	b.until(`document.querySelectorAll('input[name="include"]').length === 2`)
	b.press(`input[name="include"]`) // the first: the passkey, which is the older one
	b.do(chromedp.KeyEvent("c"))
	b.until(b.says("签名中 0/2"))
	b.do(chromedp.KeyEvent("s"))
	b.until(b.says("签名中 1/2") + ` && document.querySelector('button[data-sign]').disabled`)
	b.drain()
	b.enter("officer2", "/keys")
	b.do(chromedp.KeyEvent("s"))
	b.until(b.says("已签齐"))
	b.drain()
	b.do(chromedp.Navigate(b.url + "/keys"))
	b.until(b.says("第 2 版"))

	b.enter("reviewer1", "/my-keys")
	b.issue(cert.KindWebAuthn)
	b.do(chromedp.Navigate(b.url + "/my-keys"))
	b.until(`document.querySelector("form[data-delegate]")`)
	b.press("form[data-delegate] button")
	b.until(b.says("立即结束"))
	b.issue(cert.KindDelegated)
	b.do(chromedp.Navigate(b.url + "/my-keys"))
	b.until(`document.querySelector("form[data-forget] button")`)
	b.press("form[data-forget] button")
	b.until(b.says("开始本班授权"))
	b.drain()
	b.issue(cert.KindWebAuthn) // again a touch for each
	require.Zero(t, read[int](b, `SELECT count(*) FROM staff_delegation WHERE signature IS NOT NULL AND told_at IS NULL`))
}

func read[T any](b *bureau, query string, args ...any) T {
	b.t.Helper()
	var out T
	require.NoError(b.t, b.DB.Read(b.t.Context()).Gorm().Raw(query, args...).Row().Scan(&out))
	return out
}

// answer is what a browser sends for a new passkey, made by hand: attestation "none", ES256.
type answer struct {
	challenge, origin, rp string
	flags                 byte
	alg                   int8
	cross                 bool
}

func (a answer) json(t *testing.T) []byte {
	t.Helper()
	client, err := json.Marshal(map[string]any{"type": "webauthn.create", "challenge": a.challenge, "origin": a.origin, "crossOrigin": a.cross})
	require.NoError(t, err)
	key := signertest.NewPasskey(t, signertest.NewPerson(t, uuid.NewString(), "x", "1", rbac.Reviewer), time.Now())
	x, y := key.Key.X.FillBytes(make([]byte, 32)), key.Key.Y.FillBytes(make([]byte, 32))
	party := sha256.Sum256([]byte(a.rp))
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	data := append(party[:], a.flags)
	data = binary.BigEndian.AppendUint32(data, 0)
	data = append(append(data, make([]byte, 16)...), 0, byte(len(id)))
	data = append(data, id...)
	data = append(data, 0xa5, 0x01, 0x02, 0x03, byte(a.alg), 0x20, 0x01, 0x21, 0x58, 32) // {1: 2, 3: alg, -1: 1, -2: x, -3: y}
	data = append(append(append(data, x...), 0x22, 0x58, 32), y...)
	object := append([]byte{0xa3, 0x63}, "fmt"...)
	object = append(append(object, 0x64), "none"...)
	object = append(append(append(object, 0x67), "attStmt"...), 0xa0, 0x68)
	object = append(append(object, "authData"...), 0x58, byte(len(data)))
	object = append(object, data...)
	url := base64.RawURLEncoding.EncodeToString
	raw, err := json.Marshal(map[string]any{
		"id": url(id), "rawId": url(id), "type": "public-key", "response": map[string]string{"clientDataJSON": url(client), "attestationObject": url(object)},
	})
	require.NoError(t, err)
	return raw
}

// TestPasskeyIsRefused: another site's answer, an answer with nobody there, a used or foreign challenge, another
// algorithm make no request.
func TestPasskeyIsRefused(t *testing.T) {
	b := open(t)
	who, err := b.Staff.List(t.Context())
	require.NoError(t, err)
	a := b.session(who[0].Member)
	const present, verified, attested = 0x01, 0x04, 0x40
	good := answer{origin: b.url, rp: "localhost", flags: present | verified | attested, alg: 0x26} // -7: ES256
	enrol := func(change func(*answer)) error {
		in := good
		challenge, id := b.asked(a)
		in.challenge = challenge
		change(&in)
		return b.EnrolPasskey(t.Context(), a, id, in.json(t))
	}
	for name, c := range map[string]struct {
		change func(*answer)
		want   string
	}{
		"another page":        {func(in *answer) { in.origin = "https://evil.example" }, "passkey_origin_wrong"},
		"inside another page": {func(in *answer) { in.cross = true }, "passkey_origin_wrong"},
		"another site":        {func(in *answer) { in.rp = "evil.example" }, "passkey_answer_wrong"},
		"nobody verified":     {func(in *answer) { in.flags &^= verified }, "passkey_unverified_user"},
		"nobody present":      {func(in *answer) { in.flags &^= present }, "passkey_answer_wrong"},
		"another algorithm":   {func(in *answer) { in.alg = 0x27 }, "passkey_answer_wrong"}, // -8: EdDSA
		"another challenge":   {func(in *answer) { in.challenge, _ = b.asked(a) }, "key_challenge_used"},
	} {
		err := enrol(c.change)
		require.True(t, fault.HasKey(err, c.want), "%s: %v", name, err)
	}
	in := good
	challenge, id := b.asked(a)
	in.challenge = challenge
	raw := in.json(t)
	other := a
	other.SessionID = b.session(who[0].Member).SessionID
	require.True(t, fault.HasKey(b.EnrolPasskey(t.Context(), other, id, raw), "key_challenge_used"), "another session")
	require.NoError(t, b.EnrolPasskey(t.Context(), a, id, raw))
	require.True(t, fault.HasKey(b.EnrolPasskey(t.Context(), a, id, raw), "key_challenge_used"), "replayed")
	require.Equal(t, 1, read[int](b, `SELECT count(*) FROM staff_key_request`))
}

// asked begins a passkey and returns its challenge.
func (b *bureau) asked(a actor.Actor) (string, uuid.UUID) {
	b.t.Helper()
	ch, err := b.AskKey(b.t.Context(), a, cert.KindWebAuthn)
	require.NoError(b.t, err)
	var o struct {
		Challenge              string
		Attestation            string
		PubKeyCredParams       []struct{ Alg int }
		AuthenticatorSelection struct{ UserVerification string }
	}
	require.NoError(b.t, json.Unmarshal(ch.Options, &o))
	require.Equal(b.t, "required", o.AuthenticatorSelection.UserVerification)
	require.Len(b.t, o.PubKeyCredParams, 1)
	require.Equal(b.t, -7, o.PubKeyCredParams[0].Alg)
	return strings.TrimRight(o.Challenge, "="), ch.ID
}

// session logs somebody in without a browser.
func (b *bureau) session(m staff.Member) actor.Actor {
	b.t.Helper()
	b.mu.Lock()
	b.ahead += 31 * time.Second
	b.mu.Unlock()
	code, err := staff.Code(b.secrets[m.Login], b.now())
	require.NoError(b.t, err)
	token, _, err := b.Staff.Login(b.t.Context(), staff.LoginInput{Login: m.Login, Password: password, Code: seal.Secret(code), IP: "127.0.0.1", UserAgent: "t", RequestID: "r"})
	require.NoError(b.t, err)
	s, _, err := b.Staff.Resume(b.t.Context(), token)
	require.NoError(b.t, err)
	return actor.Actor{Kind: actor.Staff, ID: m.ID, Name: m.Login, SessionID: s.ID}
}
