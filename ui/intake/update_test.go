package intake_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/signer/signertest"
)

// sign is what a driver does with a Ukey's sign key.
func sign(t testing.TB, holder certtest.Holder, toSign string) string {
	t.Helper()
	sig, err := holder.SignKey.Sign(rand.Reader, []byte(toSign), sm2.DefaultSM2SignerOpts)
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(sig)
}

// ordered opens an order for a Ukey and takes it as far as the signer.
func (h *hall) ordered(medium string) (order.Order, certtest.Holder) {
	h.t.Helper()
	pair, holder := h.ukey(medium, monday.AddDate(0, -1, 0), nil)
	c := h.login(phoneA).consent()
	no := c.post("/api/v1/orders", application(pair)).ok(http.StatusCreated).text("no")
	path := "/api/v1/orders/" + no
	c.post(path+"/form-confirmations", nil).ok(http.StatusCreated)
	c.call(http.MethodPut, path+"/documents/application_form", scan(h.t, 200)).ok(http.StatusOK)
	c.call(http.MethodPut, path+"/documents/business_licence", scan(h.t, 180)).ok(http.StatusOK)
	h.identify(c, no)
	h.queued(no)
	h.staff(signertest.ReviewerID, "reviewer1", "0132")
	h.staff(signertest.IssuerID, "issuer1", "0207")
	o, err := h.flow.Orders.Get(h.t.Context(), h.flow.DB.Read(h.t.Context()), actor.Job("test"), no)
	require.NoError(h.t, err)
	return o, holder
}

// authorised has both people sign the renewal.
func (h *hall) authorised(o order.Order) {
	h.t.Helper()
	h.tx(func(ctx context.Context, tx pg.Tx) error {
		auth, err := h.flow.Issuance.Authorise(ctx, tx, issuance.Grant{
			OrderID: o.ID, OrderNo: o.No, OldPair: o.OldPairID, Origin: cert.OriginReviewed, Content: cert.SM3([]byte(o.No)),
			Years: o.Years, Expires: monday.AddDate(0, 0, 30),
		})
		if err != nil {
			return err
		}
		for duty, p := range map[string]signertest.Person{cert.DutyReview: h.bench.Reviewer, cert.DutyIssue: h.bench.Issuer} {
			signed := p.Approve(h.t, duty, h.clock.now(), auth.Digest)
			err := h.flow.Issuance.AddApproval(ctx, tx, auth.ID, issuance.Approval{ID: uuid.New(), Approval: signed})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// issued has the signer sign the pair.
func (h *hall) issued(o order.Order) {
	h.t.Helper()
	h.approved(o.No)
	var id uuid.UUID
	h.tx(func(ctx context.Context, tx pg.Tx) (err error) {
		id, err = h.flow.Issuance.Reserve(ctx, tx, o.ID)
		return err
	})
	require.NoError(h.t, h.flow.Issue(h.t.Context(), id))
}

func TestDriverUpdatesAUkey(t *testing.T) {
	h := newHall(t)
	driver := h.visitor()
	driver.post("/api/v1/updates", map[string]string{"serial": "7f01"}).refused(http.StatusNotFound, "serial_unknown", "", "")
	o, holder := h.ordered("3888000000000001")
	start := map[string]string{"serial": o.Serial}
	driver.post("/api/v1/updates", start).refused(http.StatusConflict, "update_not_yet", "serial", "update_not_yet")
	driver.post("/api/v1/updates", map[string]string{"serial": o.Serial, "csr": "AAAA"}).
		refused(http.StatusUnprocessableEntity, "csr_not_expected", "csr", "csr_not_expected")

	h.authorised(o)
	u := driver.post("/api/v1/updates", start).ok(http.StatusCreated).json()
	at := "/api/v1/updates/" + u["id"].(string)
	require.Equal(t, []any{"collect", "waiting"}, []any{u["kind"], u["state"]})
	driver.get(at).refused(http.StatusUnauthorized, "update_token_wrong", "", "")
	stranger := h.bench.Holder(t, otherUnit, monday)
	driver.post(at+"/proof", map[string]string{"signature": sign(t, stranger, u["to_sign"].(string))}).
		refused(http.StatusForbidden, "signature_wrong", "", "")
	driver.post(at+"/proof", map[string]string{"signature": sign(t, holder, "caconsole/collect/1\nsomething else")}).
		refused(http.StatusForbidden, "signature_wrong", "", "")
	driver.post(at+"/proof", map[string]string{"signature": "%"}).refused(http.StatusUnprocessableEntity, "invalid_field", "signature", "base64_wrong")
	proved := driver.post(at+"/proof", map[string]string{"signature": sign(t, holder, u["to_sign"].(string))}).ok(http.StatusAccepted)
	require.Empty(t, proved.text("to_sign"))
	driver.token = proved.text("token")
	require.NotEmpty(t, driver.get(at).ok(http.StatusAccepted).text("sentence"))
	driver.get(at + "/package").ok(http.StatusAccepted)
	driver.post(at+"/confirmations", map[string]string{"step": "sign_certificate"}).refused(http.StatusConflict, "update_not_ready", "", "")

	h.issued(o)
	require.Equal(t, "ready", driver.get(at).ok(http.StatusOK).text("state"))
	whole := driver.get(at + "/package").ok(http.StatusOK)
	rest := driver.get(at+"/package", "Range", "bytes=100-", "If-Range", whole.header.Get("ETag")).ok(http.StatusPartialContent)
	require.Equal(t, whole.body[100:], rest.body, "a broken download goes on")
	driver.get(at+"/package", "Range", "bytes=999999-").ok(http.StatusRequestedRangeNotSatisfiable)

	driver.post(at+"/confirmations", map[string]string{"step": "encryption_certificate"}).refused(http.StatusConflict, "step_out_of_order", "", "")
	driver.post(at+"/confirmations", map[string]string{"step": "pin"}).refused(http.StatusUnprocessableEntity, "invalid_field", "step", "step_unknown")
	c := h.login(phoneA)
	for _, step := range []struct{ name, state, gate, stage string }{
		{"sign_certificate", "importing", "importing", "update"},
		{"sign_certificate", "importing", "importing", "update"},
		{"encryption_certificate", "confirmed", "confirmed", "done"},
		{"encryption_certificate", "confirmed", "confirmed", "done"},
	} {
		require.Equal(t, step.state, driver.post(at+"/confirmations", map[string]string{"step": step.name}).ok(http.StatusOK).text("state"))
		got := c.get("/api/v1/orders/" + o.No).ok(http.StatusOK)
		require.Equal(t, step.gate, got.json()["gates"].(map[string]any)["delivery"])
		require.Equal(t, step.stage, got.text("stage"))
	}
	driver.post("/api/v1/updates", start).refused(http.StatusConflict, "already_updated", "", "")
	c.get("/api/v1/certificates/"+o.Serial).refused(http.StatusConflict, "superseded", "serial", "superseded")
}

func TestInvoicePickUp(t *testing.T) {
	h := newHall(t)
	v := h.visitor()
	require.Contains(t, string(v.get("/inv").ok(http.StatusOK).body), `<form method="post" action="/inv">`)
	form := func(body string) reply {
		return v.post("/inv", body, "Content-Type", "application/x-www-form-urlencoded")
	}
	wrong := form("code=%3Cscript%3E").ok(http.StatusUnprocessableEntity)
	require.NotContains(t, string(wrong.body), "<script>")
	require.Contains(t, wrong.header.Get("Content-Security-Policy"), "default-src 'none'")
	form("").ok(http.StatusUnprocessableEntity)

	code := h.invoice()
	got := form("code=" + code).ok(http.StatusOK)
	require.Equal(t, "application/pdf", got.header.Get("Content-Type"))
	require.Equal(t, "%PDF-1.7 invoice", string(got.body))
	v.get("/inv?code=" + code).ok(http.StatusOK)
	for range 40 {
		wrong = form("code=ABCDEFGH")
	}
	wrong.ok(http.StatusTooManyRequests)
}

func TestHealth(t *testing.T) {
	h := newHall(t)
	v := h.visitor()
	require.Equal(t, "ok", v.get("/healthz").ok(http.StatusOK).text("status"))
	require.Equal(t, "ok", v.get("/readyz").ok(http.StatusOK).text("status"))
	require.Contains(t, string(v.get("/api/v1/openapi.yaml").ok(http.StatusOK).body), "openapi: 3.1.0")
}
