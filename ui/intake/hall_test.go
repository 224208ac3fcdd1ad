package intake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/applicant"
	"caconsole/admin/audit"
	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/identity"
	"caconsole/admin/inbox"
	"caconsole/admin/invoice"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/project"
	"caconsole/admin/seal"
	"caconsole/admin/seal/folder"
	"caconsole/admin/throttle"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/signer"
	"caconsole/issuance/signer/signertest"
	"caconsole/reconcile"
	"caconsole/ui/intake"
	"caconsole/ui/page"
)

var monday = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

const (
	holderName = "中广核工程（深圳）有限公司"
	otherUnit  = "阳江市海陵湾检修服务有限公司"
	holderCode = "91440300MA5DA0000F"
	otherCode  = "91441700MA4WB1111R"
)

// hall is the public app on a listener of its own, on a real database and a real signer; vendors are played by the test.
type hall struct {
	t       testing.TB
	flow    *flow.Flow
	base    string
	project uuid.UUID
	bench   signertest.Bench
	signer  *lockable
	centre  *keyCentre
	face    *faceVendor
	telecom *carriers
	sms     *phone
	tills   map[payment.Method]*till
	jobs    *jobs
	clock   *clock
}

// lockable is a signer that can be as after a restart: it waits for its officers.
type lockable struct {
	*signer.Engine
	sync.Mutex
	locked bool
}

func (l *lockable) set(locked bool) {
	l.Lock()
	defer l.Unlock()
	l.locked = locked
}

func (l *lockable) refuses() error {
	l.Lock()
	defer l.Unlock()
	if l.locked {
		return fault.Down("signer_locked", time.Minute, nil)
	}
	return nil
}

// Issue is refused while it waits.
func (l *lockable) Issue(ctx context.Context, in cert.Instruction) (cert.Issued, error) {
	if err := l.refuses(); err != nil {
		return cert.Issued{}, err
	}
	return l.Engine.Issue(ctx, in)
}

// Status tells that it waits.
func (l *lockable) Status(ctx context.Context) (cert.Status, error) {
	st, err := l.Engine.Status(ctx)
	st.Locked = l.refuses() != nil
	return st, err
}

// clock is a clock that tests move.
type clock struct {
	sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.Lock()
	defer c.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.Lock()
	defer c.Unlock()
	c.at = c.at.Add(d)
}

func newHall(t testing.TB) *hall {
	t.Helper()
	h := &hall{
		t: t, face: &faceVendor{}, telecom: &carriers{outcome: identity.Match}, sms: &phone{}, jobs: &jobs{}, clock: &clock{at: monday},
		bench: signertest.New(t, monday, func(o *signer.InitOptions) { o.Profile.EncKey = cert.EncKeyKMC }),
		tills: map[payment.Method]*till{payment.WeChat: {method: payment.WeChat}, payment.Alipay: {method: payment.Alipay}},
	}
	now := h.clock.now
	db := pgtest.New(t)
	keys, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(keys)
	require.NoError(t, err)
	checkpoints, err := ring.CheckpointKey()
	require.NoError(t, err)
	blobs, err := folder.Open(t.TempDir(), now)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, blobs.Close()) })
	vault := seal.Vault{Ring: ring, Blobs: blobs}
	due := func(_ context.Context, _ pg.Q, _ uuid.UUID, from time.Time) (time.Time, error) {
		return from.Add(8 * time.Hour), nil
	}
	h.signer = &lockable{Engine: h.bench.Open(t, now)}
	h.centre = &keyCentre{Centre: h.bench.Centre, t: t, keys: map[string]issuance.KeyAnswer{}}
	h.flow = &flow.Flow{
		DB: db, Now: now, Log: slog.New(slog.DiscardHandler), Jobs: h.jobs, Audit: audit.New(db, checkpoints, now),
		Inbox: inbox.New(db, ring, now), Throttle: throttle.New(db, now), Applicants: applicant.NewApplicants(ring),
		Documents: document.New(db, vault, now), Identities: identity.New(vault, now),
		Invoices: invoice.New(db, vault, printer{}, now), Issuance: issuance.New(h.signer, now),
		Ledger: reconcile.New(db, vault, now, order.ValidNo), Orders: order.NewOrders(ring, now, due), Payments: payment.New(now),
		PayVendors: map[payment.Method]payment.Vendor{payment.WeChat: h.tills[payment.WeChat], payment.Alipay: h.tills[payment.Alipay]},
		Projects:   &project.Projects{}, PublicURL: "http://hall.example", FaceVendor: h.face, TelecomVendor: h.telecom,
		Messages: notify.New(notify.Options{
			DB: db, Ring: ring, Jobs: h.jobs, Now: now, Senders: map[notify.Channel]notify.Sender{notify.SMS: h.sms, notify.Mail: h.sms},
		}),
	}
	h.flow.Issuance.UseRevoker(h.signer)
	h.flow.Issuance.UseKeyCentre(h.centre)
	h.tx(func(ctx context.Context, tx pg.Tx) error {
		p, err := h.flow.Projects.EnsureProject(ctx, tx, monday.AddDate(-1, 0, 0))
		if err != nil {
			return err
		}
		h.project = p.ID
		_, err = h.flow.Ledger.AddAccount(ctx, tx, reconcile.Account{
			ProjectID: p.ID, Bank: "CMB", Branch: "招商银行深圳科技园支行", No: "755900000000019", OwnName: "样例电子认证有限公司",
		})
		return err
	})
	require.NoError(t, h.flow.KeepAuthority(t.Context()))
	h.serve()
	return h
}

func (h *hall) serve() {
	h.t.Helper()
	texts, err := page.NewCatalogue()
	require.NoError(h.t, err)
	app := intake.New(intake.Deps{
		Flow: h.flow, Texts: texts, Log: slog.New(slog.NewTextHandler(h.t.Output(), &slog.HandlerOptions{Level: slog.LevelError})),
		Ready: h.flow.DB.Ping,
	}, nil)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(h.t, err)
	done := make(chan error, 1)
	go func() { done <- app.Listener(ln) }()
	h.t.Cleanup(func() {
		require.NoError(h.t, app.Shutdown())
		require.NoError(h.t, <-done)
	})
	h.base = "http://" + ln.Addr().String()
}

func (h *hall) tx(fn func(ctx context.Context, tx pg.Tx) error) {
	h.t.Helper()
	require.NoError(h.t, h.flow.DB.InTx(h.t.Context(), fn))
}

// ukey imports an old pair and returns it with its keys.
func (h *hall) ukey(medium string, notAfter time.Time, change func(*issuance.Import)) (issuance.Pair, certtest.Holder) {
	h.t.Helper()
	holder := h.bench.Holder(h.t, holderName, notAfter)
	in := issuance.Import{
		ProjectID: h.project, MediumNo: medium, Holder: holderName, OrgIDKind: applicant.CreditCode,
		OrgIDNumber: holderCode, Certs: holder.Pair,
	}
	if change != nil {
		change(&in)
	}
	var pair issuance.Pair
	h.tx(func(ctx context.Context, tx pg.Tx) (err error) {
		pair, err = h.flow.Issuance.Import(ctx, tx, in)
		return err
	})
	return pair, holder
}

// expired is an old pair that ran out a month ago.
func (h *hall) expired(medium string) issuance.Pair {
	h.t.Helper()
	pair, _ := h.ukey(medium, monday.AddDate(0, -1, 0), nil)
	return pair
}

// reply is an answer of the API.
type reply struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

// json reads the answer into a map.
func (r reply) json() map[string]any {
	r.t.Helper()
	var out map[string]any
	require.NoError(r.t, json.Unmarshal(r.body, &out), "%s", r.body)
	return out
}

// text is one text of the answer.
func (r reply) text(name string) string {
	r.t.Helper()
	s, _ := r.json()[name].(string)
	return s
}

// ok requires a status.
func (r reply) ok(status int) reply {
	r.t.Helper()
	require.Equal(r.t, status, r.status, "%s", r.body)
	return r
}

// refused requires a problem with a code and, unless it is "", a wrong field with its key.
func (r reply) refused(status int, code, field, key string) {
	r.t.Helper()
	r.ok(status)
	require.Equal(r.t, "application/problem+json; charset=utf-8", r.header.Get("Content-Type"))
	p := r.json()
	require.Equal(r.t, code, p["code"], "%s", r.body)
	require.EqualValues(r.t, status, p["status"])
	require.NotEmpty(r.t, p["title"])
	require.NotEqual(r.t, code, p["detail"], "the code has no sentence")
	require.True(r.t, strings.ContainsFunc(p["detail"].(string), func(c rune) bool { return c > 0x2e80 }), "not Chinese: %s", p["detail"])
	if field == "" {
		return
	}
	found := map[string]string{}
	for _, e := range p["errors"].([]any) {
		one := e.(map[string]any)
		found[one["field"].(string)] = one["code"].(string)
		require.NotEqual(r.t, one["code"], one["detail"], "the code has no sentence")
	}
	require.Equal(r.t, key, found[field], "%s", r.body)
}

// client is a web hall's session.
type client struct {
	*hall
	t     testing.TB
	token string
}

func (h *hall) visitor() client { return client{hall: h, t: h.t} }

// call sends a request; a body that is not bytes goes as JSON. Every POST has a fresh Idempotency-Key unless headers say
// otherwise.
func (c client) call(method, path string, body any, headers ...string) reply {
	c.t.Helper()
	var raw []byte
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case []byte:
		raw, kind = b, "application/octet-stream"
	case string:
		raw = []byte(b)
	default:
		var err error
		raw, err = json.Marshal(b)
		require.NoError(c.t, err)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, bytes.NewReader(raw))
	require.NoError(c.t, err)
	req.Header.Set("Content-Type", kind)
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if method == http.MethodPost {
		req.Header.Set("Idempotency-Key", uuid.NewString())
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	// A body refused by its length is answered while it is still sent; the listener of these tests does not linger until
	// the answer is read, as the program's does.
	for again := 0; again < 20 && (errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)); again++ {
		req.Body = io.NopCloser(bytes.NewReader(raw))
		resp, err = http.DefaultClient.Do(req)
	}
	require.NoError(c.t, err)
	defer func() { require.NoError(c.t, resp.Body.Close()) }()
	got, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	r := reply{c.t, resp.StatusCode, resp.Header, got}
	readDescription(c.t).holds(c.t, method, path, r) // every answer of every test
	return r
}

func (c client) get(path string, headers ...string) reply {
	c.t.Helper()
	return c.call(http.MethodGet, path, nil, headers...)
}

func (c client) post(path string, body any, headers ...string) reply {
	c.t.Helper()
	return c.call(http.MethodPost, path, body, headers...)
}

// login returns a session of the phone that has agreed to nothing yet.
func (h *hall) login(phone string) client {
	h.t.Helper()
	v := h.visitor()
	v.post("/api/v1/login/codes", map[string]string{"phone": phone}).ok(http.StatusAccepted)
	h.work()
	v.token = v.post("/api/v1/login", map[string]string{"phone": phone, "code": h.sms.code(phone)}).ok(http.StatusOK).text("token")
	require.NotEmpty(h.t, v.token)
	return v
}

// consent agrees to all texts in force but those left out.
func (c client) consent(without ...string) client {
	c.t.Helper()
	var agreed []any
	for _, a := range c.get("/api/v1/agreements").ok(http.StatusOK).json()["agreements"].([]any) {
		one := a.(map[string]any)
		if !strings.Contains(strings.Join(without, " "), one["code"].(string)) {
			agreed = append(agreed, map[string]any{"code": one["code"], "version": one["version"]})
		}
	}
	c.post("/api/v1/consents", map[string]any{"codes": agreed}).ok(http.StatusOK)
	return c
}

// application is a whole and right order for a pair.
func application(pair issuance.Pair) map[string]any {
	return map[string]any{
		"serial": string(pair.Sign.Serial), "years": 2,
		"organisation": map[string]any{"name": holderName, "id_kind": "credit_code", "id_number": holderCode},
		"agent":        map[string]any{"name": "张敏", "id_number": "11010519491231002X", "phone": "13800138001", "email": "min@example.cn"},
		"legal_person": map[string]any{"name": "李建国"},
		"invoice":      map[string]any{"kind": "general", "title": holderName, "tax_id": holderCode},
	}
}
