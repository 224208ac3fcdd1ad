package intake_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/issuance/cert/certtest"
)

// onlineApplication is all that a renewal online asks for.
func onlineApplication(serial string) map[string]any {
	return map[string]any{
		"serial": serial, "years": 1,
		"agent":   map[string]any{"name": "张敏", "id_number": "11010519491231002X", "phone": "13800138001", "email": "min@example.cn"},
		"invoice": map[string]any{"kind": "general", "title": holderName, "tax_id": holderCode},
	}
}

// online opens the order of a certificate that holds for another month.
func (h *hall) online(medium string) (no, serial string, ukey certtest.Holder, c client) {
	h.t.Helper()
	pair, ukey := h.ukey(medium, monday.AddDate(0, 1, 0), nil)
	c = h.login(phoneA).consent("sensitive_data")
	serial = string(pair.Sign.Serial)
	no = c.post("/api/v1/orders", onlineApplication(serial)).ok(http.StatusCreated).text("no")
	h.work()
	return no, serial, ukey, c
}

// TestHallOnlinePath takes an order through all an applicant and a driver do while the certificate holds: no papers, no
// camera, no review, and no consent to what these need.
func TestHallOnlinePath(t *testing.T) {
	h := newHall(t)
	no, serial, ukey, c := h.online("3888000000000001")
	at := "/api/v1/orders/" + no
	first := c.get(at).ok(http.StatusOK).json()
	require.Equal(t, []any{"online", "payment", "pay", holderName, "match"}, []any{
		first["path"], first["stage"], first["next"], first["holder"], first["gates"].(map[string]any)["telecom"],
	})
	require.Empty(t, first["legal_person"].(map[string]any)["name"])

	driver := h.visitor()
	start := map[string]string{"serial": serial}
	driver.post("/api/v1/updates", start).refused(http.StatusConflict, "update_unpaid", "serial", "update_unpaid")
	h.gate(
		no,
		func(g *order.Gates) { g.Payment, g.Method = order.Awaiting, order.WeChat },
		func(g *order.Gates) { g.Payment = order.Settled },
	)
	require.Equal(t, "update", c.get(at).ok(http.StatusOK).text("next"))
	driver.post("/api/v1/updates", map[string]string{"serial": serial, "csr": "AAAA"}).
		refused(http.StatusUnprocessableEntity, "csr_not_expected", "csr", "csr_not_expected")
	u := driver.post("/api/v1/updates", start).ok(http.StatusCreated)
	require.Equal(t, "renew", u.text("kind"))
	proof := "/api/v1/updates/" + u.text("id") + "/proof"
	driver.post(proof, map[string]string{"signature": sign(t, h.bench.Holder(t, otherUnit, monday), u.text("to_sign"))}).
		refused(http.StatusForbidden, "signature_wrong", "", "")
	proved := driver.post(proof, map[string]string{"signature": sign(t, ukey, u.text("to_sign"))}).ok(http.StatusOK)
	require.Equal(t, "ready", proved.text("state"))
	driver.token = proved.text("token")
	session := "/api/v1/updates/" + u.text("id")
	require.Contains(t, string(driver.get(session+"/package").ok(http.StatusOK).body), "BEGIN CERTIFICATE")
	for _, step := range []string{"sign_certificate", "encryption_certificate"} {
		driver.post(session+"/confirmations", map[string]string{"step": step}).ok(http.StatusOK)
	}
	require.Equal(t, "done", c.get(at).ok(http.StatusOK).text("stage"))
	driver.post("/api/v1/updates", start).refused(http.StatusConflict, "already_updated", "", "")
}

// What the reviewed path asks for has no place on the online one.
func TestOnlineOrderTakesNoPapers(t *testing.T) {
	h := newHall(t)
	no, _, _, c := h.online("3888000000000001")
	at := "/api/v1/orders/" + no
	c.post(at+"/form-confirmations", nil).refused(http.StatusConflict, "not_on_path", "", "")
	c.call(http.MethodPut, at+"/documents/business_licence", scan(t, 180)).refused(http.StatusConflict, "not_on_path", "", "")
	c.post(at+"/identity-sessions", nil).refused(http.StatusConflict, "not_on_path", "", "")
	c.post(at+"/payments", map[string]string{"method": "transfer"}).
		refused(http.StatusConflict, "method_not_on_path", "method", "method_not_on_path")
}

// A correction is for the order as its applicant saw it.
func TestCorrectionWithETag(t *testing.T) {
	h := newHall(t)
	no, _, _, c := h.online("3888000000000001")
	at := "/api/v1/orders/" + no
	seen := c.get(at).ok(http.StatusOK).header.Get("ETag")
	corrected := c.call(http.MethodPatch, at, map[string]any{"years": 2}, "If-Match", seen).ok(http.StatusOK)
	require.Equal(t, []any{2.0, 50000.0}, []any{corrected.json()["years"], corrected.json()["amount_fen"]})
	now := corrected.header.Get("ETag")
	require.Equal(t, now, c.get(at).ok(http.StatusOK).header.Get("ETag"))
	c.call(http.MethodPatch, at, map[string]any{"years": 3}, "If-Match", seen).refused(http.StatusPreconditionFailed, "order_changed", "", "")
	c.call(http.MethodPatch, at, map[string]any{"years": 1}, "If-Match", now).ok(http.StatusOK)
	c.call(http.MethodPatch, at, map[string]any{"years": 2}).ok(http.StatusOK)
	c.call(http.MethodPatch, at, map[string]any{"amount_fen": 1}).refused(http.StatusUnprocessableEntity, "invalid_field", "amount_fen", "unknown_field")
	c.call(http.MethodPatch, at, map[string]any{"agent": map[string]any{"phone": ""}}).
		refused(http.StatusUnprocessableEntity, "invalid_field", "agent.phone", "required")
}

// Years and buyer are corrected after payment: what is missing is named, paid like an order, and the order goes on.
func TestCorrectionAfterPayment(t *testing.T) {
	h := newHall(t)
	no, _, _, c := h.online("3888000000000001")
	at := "/api/v1/orders/" + no
	pay := func(method payment.Method, fen float64) {
		t.Helper()
		require.Equal(t, fen, c.get(at).ok(http.StatusOK).json()["due_fen"])
		asked := c.post(at+"/payments", map[string]string{"method": string(method)}).ok(http.StatusCreated)
		require.Equal(t, fen, asked.json()["amount_fen"])
		h.visitor().post("/api/v1/callbacks/payments/"+string(method), "paid="+h.tills[method].last())
		require.Equal(t, 0.0, c.get(at).ok(http.StatusOK).json()["due_fen"])
	}
	pay(payment.WeChat, 26000)
	dearer := c.call(http.MethodPatch, at, map[string]any{"years": 3}).ok(http.StatusOK)
	require.Equal(t, []any{"payment", "pay", 72000.0}, []any{dearer.text("stage"), dearer.text("next"), dearer.json()["amount_fen"]})
	require.Contains(t, dearer.text("sentence"), "差价")
	pay(payment.Alipay, 46000)
	cheaper := c.call(http.MethodPatch, at, map[string]any{"years": 2, "invoice": map[string]any{
		"kind": "general", "title": "集团财务共享中心", "tax_id": holderCode,
	}}).ok(http.StatusOK)
	require.Equal(t, []any{"update", 50000.0, 0.0}, []any{cheaper.text("stage"), cheaper.json()["amount_fen"], cheaper.json()["due_fen"]})
}
