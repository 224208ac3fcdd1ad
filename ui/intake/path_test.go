package intake_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/identity"
	"caconsole/admin/pg"
)

// TestHallReviewedPath takes an order through all an applicant does before the review.
func TestHallReviewedPath(t *testing.T) {
	h := newHall(t)
	c := h.login(phoneA).consent()
	pair := h.expired("3888000000000001")
	created := c.post("/api/v1/orders", application(pair)).ok(http.StatusCreated)
	no := created.text("no")
	order := "/api/v1/orders/" + no
	require.Equal(t, order, created.header.Get("Location"))
	first := created.json()
	require.Equal(t, []any{"reviewed", "papers", "print_form", 50000.0, "2年期机构证书续期", "张**", "138****8001"}, []any{
		first["path"], first["stage"], first["next"], first["amount_fen"], first["description"],
		first["agent"].(map[string]any)["name"], first["agent"].(map[string]any)["phone"],
	})
	require.NotContains(t, string(created.body), "张敏")

	require.EqualValues(t, 1, c.post(order+"/form-confirmations", nil).ok(http.StatusCreated).json()["version"])
	require.EqualValues(t, 1, c.post(order+"/form-confirmations", nil).ok(http.StatusCreated).json()["version"], "the same content")
	form := c.get(order + "/application-form.pdf").ok(http.StatusOK)
	require.Equal(t, "%PDF", string(form.body[:4]))
	c.get(order+"/application-form.pdf", "If-None-Match", form.header.Get("ETag")).ok(http.StatusNotModified)

	put := func(kind string, shade uint8) reply {
		return c.call(http.MethodPut, order+"/documents/"+kind, scan(t, shade))
	}
	put("application_form", 200).ok(http.StatusOK)
	require.Equal(t, "missing", c.gates(no)["documents"], "one of two")
	licence := put("business_licence", 180).ok(http.StatusOK).json()
	require.EqualValues(t, 1, licence["pages"])
	require.Len(t, licence["sm3"], 64)
	require.Equal(t, "uploaded", c.gates(no)["documents"])
	require.NotEqual(t, licence["id"], put("business_licence", 160).ok(http.StatusOK).json()["id"], "replaced")
	require.Len(t, c.get(order).json()["documents"], 2)

	h.identify(c, no)
	require.Equal(t, "match", c.gates(no)["telecom"])
	pay := c.post(order+"/payments", map[string]string{"method": "transfer"}).ok(http.StatusCreated).json()
	require.Equal(t, no, pay["reference"])
	require.Equal(t, map[string]any{"name": "样例电子认证有限公司", "number": "755900000000019", "bank": "招商银行深圳科技园支行"}, pay["account"])
	require.Equal(t, pay, c.post(order+"/payments", map[string]string{"method": "transfer"}).ok(http.StatusCreated).json())

	voucher := order + "/documents/remittance_voucher?payer=" + holderCode + "&paid_on=2026-11-22&amount_fen="
	c.call(http.MethodPut, voucher+"0", scan(t, 140)).refused(http.StatusUnprocessableEntity, "invalid_field", "amount_fen", "amount_positive")
	c.call(http.MethodPut, voucher+"many", scan(t, 140)).refused(http.StatusUnprocessableEntity, "invalid_field", "amount_fen", "wrong_type")
	c.call(http.MethodPut, voucher+"50000", scan(t, 140)).ok(http.StatusOK)
	last := c.get(order).ok(http.StatusOK)
	require.Equal(t, []any{"transfer", "wait", "awaiting", "transfer"}, []any{last.json()["stage"], last.json()["next"], c.gates(no)["payment"], last.json()["method"]})
	require.Len(t, last.json()["documents"], 3)
}

func TestOrderIsReadCheaplyAndInTwoLanguages(t *testing.T) {
	h := newHall(t)
	c := h.login(phoneA).consent()
	no := c.post("/api/v1/orders", application(h.expired("3888000000000001"))).ok(http.StatusCreated).text("no")
	zh := c.get("/api/v1/orders/" + no).ok(http.StatusOK)
	require.Contains(t, zh.text("sentence"), "申请表")
	c.get("/api/v1/orders/"+no, "If-None-Match", zh.header.Get("ETag")).ok(http.StatusNotModified)
	en := c.get("/api/v1/orders/"+no, "Accept-Language", "en-GB,en;q=0.9", "If-None-Match", zh.header.Get("ETag")).ok(http.StatusOK)
	require.Contains(t, en.text("sentence"), "form")
	c.post("/api/v1/orders/"+no+"/form-confirmations", nil).ok(http.StatusCreated)
	c.get("/api/v1/orders/"+no, "If-None-Match", zh.header.Get("ETag")).ok(http.StatusOK)
	require.Len(t, c.get("/api/v1/orders").ok(http.StatusOK).json()["orders"], 1)
	refusal := c.get("/api/v1/orders/R000000000000", "Accept-Language", "en").ok(http.StatusNotFound)
	require.Contains(t, refusal.text("detail"), "order")
}

func TestIdempotencyKey(t *testing.T) {
	h := newHall(t)
	c := h.login(phoneA).consent()
	in, key := application(h.expired("3888000000000001")), uuid.NewString()
	no := c.post("/api/v1/orders", in, "Idempotency-Key", key).ok(http.StatusCreated).text("no")
	require.Equal(t, no, c.post("/api/v1/orders", in, "Idempotency-Key", key).ok(http.StatusCreated).text("no"))
	in["years"] = 3
	c.post("/api/v1/orders", in, "Idempotency-Key", key).refused(http.StatusConflict, "idempotency_key_reused", "", "")
	h.login(phoneB).consent().post("/api/v1/orders", in, "Idempotency-Key", key).
		refused(http.StatusConflict, "renewal_open", "serial", "renewal_open")
	require.Equal(t, 1, h.orders())
}

func TestIdentityTries(t *testing.T) {
	h := newHall(t)
	c := h.login(phoneA).consent()
	no := c.post("/api/v1/orders", application(h.expired("3888000000000001"))).ok(http.StatusCreated).text("no")
	h.work()
	sessions, state := "/api/v1/orders/"+no+"/identity-sessions", "/api/v1/orders/"+no+"/identity"
	c.get(state+"/qr.png").refused(http.StatusConflict, "identity_not_started", "", "")

	h.face.down = true
	down := c.post(sessions, nil)
	down.refused(http.StatusServiceUnavailable, "vendor_unavailable", "", "")
	require.Equal(t, "30", down.header.Get("Retry-After"))
	h.face.down = false
	started := c.post(sessions, nil).ok(http.StatusCreated)
	require.Equal(t, h.face.starts[0].Ref, h.face.starts[1].Ref, "the same number on retry")
	require.Equal(t, "http://hall.example/api/v1/callbacks/identity/played", h.face.starts[1].CallbackURL)
	require.Equal(t, started.text("url"), c.post(sessions, nil).ok(http.StatusCreated).text("url"), "one try at a time")
	require.Equal(t, "\x89PNG", string(c.get(started.text("qr_png_url")).ok(http.StatusOK).body[:4]))

	for _, try := range []struct {
		name, number string
		score        int
		reason       string
	}{
		{"王强", "11010519491231002X", 9900, "other_person"},
		{"张敏", "11010519491231002X", 7999, "low_score"},
		{"张敏", "11010519491231002X", 7000, "low_score"},
	} {
		c.post(sessions, nil).ok(http.StatusCreated)
		h.face.appear(try.name, try.number, try.score)
		h.visitor().post("/api/v1/callbacks/identity/played", "token="+h.face.token).ok(http.StatusOK)
		h.work()
		got := c.get(state).ok(http.StatusOK).json()
		require.Equal(t, []any{"failed", try.reason}, []any{got["state"], got["reason"]})
		require.NotEmpty(t, got["sentence"])
	}
	c.post(sessions, nil).refused(http.StatusTooManyRequests, "identity_tries_used", "", "")

	h.clock.move(24 * hour)
	c = h.login(phoneA)
	c.post(sessions, nil).ok(http.StatusCreated)
	h.face.result = identity.Result{}
	h.clock.move(hour)
	require.NoError(t, h.flow.SweepIdentities(t.Context()))
	require.Equal(t, "expired", c.get(state).ok(http.StatusOK).text("state"), "the link has run out")
	c.post(sessions, nil).ok(http.StatusCreated)
	h.face.appear("张敏", "11010519491231002X", 8000)
	h.clock.move(hour / 60)
	require.NoError(t, h.flow.SweepIdentities(t.Context()), "a lost callback")
	require.Equal(t, "passed", c.get(state).ok(http.StatusOK).text("state"))
	c.post(sessions, nil).refused(http.StatusConflict, "identity_passed_already", "", "")
}

func TestTelecomMismatchBlocks(t *testing.T) {
	h := newHall(t)
	h.telecom.outcome = identity.Mismatch
	c := h.login(phoneA).consent()
	no := c.post("/api/v1/orders", application(h.expired("3888000000000001"))).ok(http.StatusCreated).text("no")
	h.work()
	c.post("/api/v1/orders/"+no+"/identity-sessions", nil).refused(http.StatusConflict, "telecom_mismatch", "", "")
	require.Equal(t, "mismatch", c.gates(no)["telecom"])
	h.telecom.outcome = identity.Unknown // says nothing against the person
	pair := h.expired("3888000000000002")
	b := h.login(phoneB).consent()
	other := b.post("/api/v1/orders", application(pair)).ok(http.StatusCreated).text("no")
	h.identify(b, other)
	require.Equal(t, "unknown", b.gates(other)["telecom"])
}

func TestLostTelecomCheckIsTakenUp(t *testing.T) {
	h := newHall(t)
	c := h.login(phoneA).consent()
	no := c.post("/api/v1/orders", application(h.expired("3888000000000001"))).ok(http.StatusCreated).text("no")
	h.jobs.waiting = nil // the queue has lost it
	require.NoError(t, h.flow.SweepTelecom(t.Context()))
	require.Equal(t, "none", c.gates(no)["telecom"], "not yet lost")
	h.clock.move(hour)
	require.NoError(t, h.flow.SweepTelecom(t.Context()))
	require.Equal(t, "match", c.gates(no)["telecom"])
}

func TestWithdrawnConsentEndsTheRenewal(t *testing.T) {
	h := newHall(t)
	c := h.login(phoneA).consent()
	pair := h.expired("3888000000000001")
	no := c.post("/api/v1/orders", application(pair)).ok(http.StatusCreated).text("no")
	left := c.post("/api/v1/consents/withdrawals", map[string]any{"codes": []string{"sensitive_data"}}).ok(http.StatusOK)
	require.Len(t, left.json()["consents"], 3)
	got := c.get("/api/v1/orders/" + no).ok(http.StatusOK).json()
	require.Equal(t, []any{"closed", "withdrawn"}, []any{got["stage"], got["closed"]})
	c.post("/api/v1/orders/"+no+"/identity-sessions", nil).refused(http.StatusConflict, "order_closed", "", "")
	c.post("/api/v1/orders", application(pair)).refused(http.StatusConflict, "consent_missing", "", "")
	c.consent().post("/api/v1/orders", application(pair)).ok(http.StatusCreated)
}

func TestReturnedPapersComeAgain(t *testing.T) {
	h := newHall(t)
	c := h.login(phoneA).consent()
	no := c.post("/api/v1/orders", application(h.expired("3888000000000001"))).ok(http.StatusCreated).text("no")
	order := "/api/v1/orders/" + no
	c.post(order+"/form-confirmations", nil).ok(http.StatusCreated)
	c.call(http.MethodPut, order+"/documents/application_form", scan(t, 200)).ok(http.StatusOK)
	licence := c.call(http.MethodPut, order+"/documents/business_licence", scan(t, 180)).ok(http.StatusOK).text("id")
	h.identify(c, no)
	h.queued(no)
	h.tx(func(ctx context.Context, tx pg.Tx) error {
		return h.flow.Documents.SetReturned(ctx, tx, uuid.MustParse(licence), "公章不清晰")
	})
	h.returned(no)

	c.post(order+"/resubmissions", nil).refused(http.StatusConflict, "resubmission_incomplete", "", "")
	c.call(http.MethodPut, order+"/documents/application_form", scan(t, 120)).refused(http.StatusConflict, "document_not_returned", "", "")
	c.call(http.MethodPut, order+"/documents/business_licence", scan(t, 100)).ok(http.StatusOK)
	again := c.post(order+"/resubmissions", nil).ok(http.StatusOK).json()
	require.Equal(t, []any{"review", "wait"}, []any{again["stage"], again["next"]})
}
