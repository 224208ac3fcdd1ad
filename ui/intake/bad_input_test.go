package intake_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"image"
	"image/color"
	"image/jpeg"
	"maps"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/pg"
	"caconsole/issuance"
)

const phoneA, phoneB = "13800138001", "13900139002"

// orders counts the orders there are.
func (h *hall) orders() (n int) {
	h.t.Helper()
	require.NoError(h.t, h.flow.DB.Read(h.t.Context()).Gorm().Raw("SELECT count(*) FROM orders").Scan(&n).Error)
	return n
}

// scan is a picture of a size no reader can take for an icon.
func scan(t testing.TB, shade uint8) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 620, 877))
	for i := range img.Pix {
		img.Pix[i] = shade + uint8(i%7)
	}
	img.Set(1, 1, color.White)
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, img, nil))
	return b.Bytes()
}

func TestCertificateRefusals(t *testing.T) {
	h := newHall(t)
	c := h.login(phoneA).consent()
	valid := h.expired("3888000000000001")
	held, _ := h.ukey("3888000000000002", monday.AddDate(0, -1, 0), func(in *issuance.Import) { in.State = issuance.Held })
	revoked, _ := h.ukey("3888000000000003", monday.AddDate(0, -1, 0), func(in *issuance.Import) { in.State = issuance.Revoked })
	foreign := h.expired("4888000000000004")
	early, _ := h.ukey("3888000000000005", monday.AddDate(0, 0, 91), nil)
	rsa, _ := h.ukey("3888000000000006", monday.AddDate(0, -1, 0), func(in *issuance.Import) {
		in.Certs.Sign, in.Certs.Enc = otherAlgorithm(t), nil
	})
	for name, w := range map[string]struct {
		serial string
		status int
		code   string
	}{
		"unknown":                  {"7f00000000000000000000000000000000000001", http.StatusNotFound, "serial_unknown"},
		"medium number":            {valid.MediumNo, http.StatusUnprocessableEntity, "medium_not_serial"},
		"medium number, spaced":    {"3888 0000%200000 0001", http.StatusUnprocessableEntity, "medium_not_serial"},
		"no serial at all":         {"zz-not-a-serial", http.StatusUnprocessableEntity, "serial_malformed"},
		"held":                     {string(held.Sign.Serial), http.StatusConflict, "revoked"},
		"revoked":                  {string(revoked.Sign.Serial), http.StatusConflict, "revoked"},
		"medium not of 3888":       {string(foreign.Sign.Serial), http.StatusConflict, "other_project"},
		"a day before the window":  {string(early.Sign.Serial), http.StatusConflict, "too_early"},
		"not SM2":                  {string(rsa.Sign.Serial), http.StatusConflict, "not_sm2"},
		"very long":                {strings.Repeat("4", 500), http.StatusUnprocessableEntity, "serial_malformed"},
		"injection is only a text": {"' OR 1=1 --", http.StatusUnprocessableEntity, "serial_malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			c := c
			c.t = t
			path := "/api/v1/certificates/" + strings.ReplaceAll(w.serial, " ", "%20")
			c.get(path).refused(w.status, w.code, "serial", w.code)
		})
	}

	upper := strings.ToUpper(string(valid.Sign.Serial))
	found := c.get("/api/v1/certificates/" + upper[:8] + "%20" + upper[8:]).ok(http.StatusOK).json()
	require.Equal(t, "reviewed", found["path"])
	require.Equal(t, holderName, found["holder"])
	require.Len(t, found["prices"], 5)
	byEnc := c.get("/api/v1/certificates/" + valid.Enc.Serial.Int().String()).ok(http.StatusOK).json()
	require.Equal(t, string(valid.Sign.Serial), byEnc["serial"], "the other certificate, in decimal")
}

// TestBeforeConsent: no more than eligible or not.
func TestBeforeConsent(t *testing.T) {
	h := newHall(t)
	c := h.login(phoneA)
	pair, foreign := h.expired("3888000000000001"), h.expired("4888000000000001")
	for serial, eligible := range map[string]bool{
		string(pair.Sign.Serial): true, string(foreign.Sign.Serial): false, "7f01": false, pair.MediumNo: false,
	} {
		got := c.get("/api/v1/certificates/" + serial).ok(http.StatusOK).json()
		require.Equal(t, eligible, got["eligible"])
		require.Len(t, got["consent_missing"], 3)
		require.Len(t, got, 2, "nothing else is told")
	}
	c.post("/api/v1/orders", application(pair)).refused(http.StatusConflict, "consent_missing", "", "")
	c.consent("sensitive_data").post("/api/v1/orders", application(pair)).refused(http.StatusConflict, "consent_missing", "", "")
	c.post("/api/v1/consents", map[string]any{"codes": []any{map[string]any{"code": "service", "version": 7}}}).
		refused(http.StatusUnprocessableEntity, "agreement_outdated", "codes", "agreement_outdated")
	require.Zero(t, h.orders())
}

func TestOrderFieldRefusals(t *testing.T) {
	h := newHall(t)
	c := h.login(phoneA).consent()
	pair := h.expired("3888000000000001")
	for name, w := range map[string]struct {
		group, field string
		value        any
		code, key    string
	}{
		"credit code, wrong check":   {"organisation", "id_number", "91440300MA5DA0000G", "invalid_field", "credit_code_wrong"},
		"ID number, wrong check":     {"agent", "id_number", "110105194912310021", "invalid_field", "id_number_wrong"},
		"tax number, wrong check":    {"invoice", "tax_id", "91440300MA5DA0000G", "invalid_field", "tax_id_wrong"},
		"holder, another name":       {"organisation", "name", otherUnit, "holder_mismatch", "holder_mismatch"},
		"holder, another number":     {"organisation", "id_number", otherCode, "holder_mismatch", "holder_mismatch"},
		"phone of ten digits":        {"agent", "phone", "1380013800", "invalid_field", "phone_wrong"},
		"mailbox without host":       {"agent", "email", "min@", "invalid_field", "email_wrong"},
		"mailbox that adds a header": {"agent", "email", "min@example.cn\r\nBcc: x@example.cn", "invalid_field", "email_wrong"},
		"markup for a name":          {"agent", "name", "<script>alert(1)</script>", "invalid_field", "name_wrong"},
		"no legal person":            {"legal_person", "name", " ", "invalid_field", "required"},
		"no invoice title":           {"invoice", "title", "", "invalid_field", "field_required"},
		"unknown invoice kind":       {"invoice", "kind", "golden", "invalid_field", "field_not_offered"},
		"unknown kind of number":     {"organisation", "id_kind", "passport", "invalid_field", "id_kind_unknown"},
		"six years":                  {"", "years", 6, "invalid_field", "years_not_offered"},
		"years as a text":            {"", "years", "2", "invalid_field", "wrong_type"},
		"a field nobody knows":       {"agent", "pin", "123456", "invalid_field", "unknown_field"},
	} {
		t.Run(name, func(t *testing.T) {
			c := c
			c.t = t
			in, path := application(pair), w.field
			if w.group == "" {
				in[w.field] = w.value
			} else {
				group := maps.Clone(in[w.group].(map[string]any))
				group[w.field] = w.value
				in[w.group], path = group, w.group+"."+w.field
			}
			if w.key == "unknown_field" {
				path = w.field // encoding/json tells no more
			}
			c.post("/api/v1/orders", in).refused(http.StatusUnprocessableEntity, w.code, path, w.key)
		})
	}
	require.Zero(t, h.orders())

	c.post("/api/v1/orders", `{"serial":"1"`).refused(http.StatusUnprocessableEntity, "body_not_json", "", "")
	c.post("/api/v1/orders", application(pair), "Content-Type", "text/plain").refused(http.StatusUnsupportedMediaType, "json_required", "", "")
	c.post("/api/v1/orders", application(pair), "Idempotency-Key", " ").refused(http.StatusUnprocessableEntity, "idempotency_key_missing", "", "")
	big := application(pair)
	big["serial"] = strings.Repeat("4", 70_000)
	c.post("/api/v1/orders", big).refused(http.StatusRequestEntityTooLarge, "json_too_large", "", "")
	h.visitor().post("/api/v1/orders", application(pair)).refused(http.StatusUnauthorized, "login_required", "", "")
	c.get("/api/v1/nothing").refused(http.StatusNotFound, "route_unknown", "", "")
	require.Zero(t, h.orders())
}

func TestSecondRenewal(t *testing.T) {
	h := newHall(t)
	a, b := h.login(phoneA).consent(), h.login(phoneB).consent()
	pair, second := h.expired("3888000000000001"), h.expired("3888000000000002")
	no := a.post("/api/v1/orders", application(pair)).ok(http.StatusCreated).text("no")

	again := a.post("/api/v1/orders", application(pair))
	again.refused(http.StatusConflict, "renewal_open", "serial", "renewal_open")
	require.Contains(t, again.text("detail"), no, "the open order is named")
	b.post("/api/v1/orders", application(pair)).refused(http.StatusConflict, "renewal_open", "serial", "renewal_open")

	other := a.post("/api/v1/orders", application(second))
	other.refused(http.StatusConflict, "one_at_a_time", "serial", "one_at_a_time")
	require.Contains(t, other.text("detail"), no, "the blocking order is named")
	b.post("/api/v1/orders", application(second)).ok(http.StatusCreated)
	require.Equal(t, 2, h.orders())

	third := h.expired("3888000000000003")
	h.tx(func(ctx context.Context, tx pg.Tx) error {
		return h.flow.Projects.Set(ctx, tx, h.project, "one_at_a_time", "holder", monday, monday)
	})
	h.login("13700137003").consent().post("/api/v1/orders", application(third)).
		refused(http.StatusConflict, "one_at_a_time", "serial", "one_at_a_time")
	require.Equal(t, 2, h.orders())
}

func TestPaymentBeforeIdentity(t *testing.T) {
	h := newHall(t)
	c := h.login(phoneA).consent()
	no := c.post("/api/v1/orders", application(h.expired("3888000000000001"))).ok(http.StatusCreated).text("no")
	pay := "/api/v1/orders/" + no + "/payments"
	for _, method := range []string{"transfer", "wechat"} {
		c.post(pay, map[string]string{"method": method}).refused(http.StatusConflict, "identity_required", "", "")
	}
	c.post(pay, map[string]string{"method": "cash"}).refused(http.StatusUnprocessableEntity, "invalid_field", "method", "method_unknown")
	c.call(http.MethodPut, "/api/v1/orders/"+no+"/documents/remittance_voucher?payer=x&amount_fen=1&paid_on=2026-11-22", scan(t, 200)).
		refused(http.StatusConflict, "voucher_not_expected", "", "")
	h.identify(c, no)
	require.Equal(t, "none", c.gates(no)["payment"])
}

func TestUploadRefusals(t *testing.T) {
	h := newHall(t)
	c := h.login(phoneA).consent()
	no := c.post("/api/v1/orders", application(h.expired("3888000000000001"))).ok(http.StatusCreated).text("no")
	put := func(kind string, body []byte) reply {
		return c.call(http.MethodPut, "/api/v1/orders/"+no+"/documents/"+kind, body)
	}
	put("application_form", scan(t, 200)).refused(http.StatusConflict, "form_not_confirmed", "", "")
	c.post("/api/v1/orders/"+no+"/form-confirmations", nil).ok(http.StatusCreated)
	put("business_licence", []byte("GIF89a")).refused(http.StatusUnprocessableEntity, "document_type", "", "")
	put("business_licence", []byte("<html>")).refused(http.StatusUnprocessableEntity, "document_type", "", "")
	put("business_licence", scan(t, 200)[:900]).refused(http.StatusUnprocessableEntity, "document_unreadable", "", "")
	put("business_licence", []byte{}).refused(http.StatusUnprocessableEntity, "document_empty", "", "")
	put("selfie", scan(t, 200)).refused(http.StatusNotFound, "document_kind_unknown", "", "")
	h.login(phoneB).consent().call(http.MethodPut, "/api/v1/orders/"+no+"/documents/business_licence", scan(t, 200)).
		refused(http.StatusNotFound, "order_unknown", "", "")
	require.Equal(t, "missing", c.gates(no)["documents"])
	require.Empty(t, c.get("/api/v1/orders/" + no).ok(http.StatusOK).json()["documents"])
}

// TestOversizedUploadIsRefusedEarly: by its Content-Length, before a byte of the body is sent.
func TestOversizedUploadIsRefusedEarly(t *testing.T) {
	h := newHall(t)
	c := h.login(phoneA)
	for path, length := range map[string]string{
		"PUT /api/v1/orders/R000000000000/documents/business_licence": "20971521",
		"POST /api/v1/login": "65537",
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(h.base, "http://"))
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(5*time.Second)))
		_, err = conn.Write([]byte(path + " HTTP/1.1\r\nHost: hall\r\nAuthorization: Bearer " + c.token +
			"\r\nContent-Type: application/json\r\nContent-Length: " + length + "\r\n\r\n"))
		require.NoError(t, err)
		answer := make([]byte, 12)
		_, err = conn.Read(answer)
		require.NoError(t, err)
		require.Equal(t, "HTTP/1.1 413", string(answer), path)
		require.NoError(t, conn.Close())
	}
}

func TestHintsProveNothing(t *testing.T) {
	h := newHall(t)
	c := h.login(phoneA).consent()
	no := c.post("/api/v1/orders", application(h.expired("3888000000000001"))).ok(http.StatusCreated).text("no")
	h.work()
	c.post("/api/v1/orders/"+no+"/identity-sessions", nil).ok(http.StatusCreated)
	h.face.appear("张敏", "11010519491231002X", 9000)
	v := h.visitor()
	for path, w := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"/api/v1/callbacks/identity/played":  {"token=made-up", http.StatusNotFound, "callback_unknown"},
		"/api/v1/callbacks/identity/other":   {"token=" + h.face.token, http.StatusNotFound, "callback_unknown"},
		"/api/v1/callbacks/identity/played?": {"passed=yes", http.StatusUnprocessableEntity, "callback_unreadable"},
		"/api/v1/callbacks/invoices/played":  {"made-up", http.StatusNotFound, "callback_unknown"},
		"/api/v1/callbacks/invoices/other":   {"made-up", http.StatusNotFound, "callback_unknown"},
		"/api/v1/callbacks/sms/played":       {"[]", http.StatusNotFound, "callback_unknown"},
	} {
		v.post(path, w.body).refused(w.status, w.code, "", "")
	}
	h.work()
	require.Equal(t, "pending", c.gates(no)["identity"], "nothing was believed")
	var states []string
	require.NoError(t, h.flow.DB.Read(t.Context()).Gorm().Raw("SELECT state FROM inbox_callback").Scan(&states).Error)
	require.Equal(t, []string{"rejected", "rejected", "rejected", "rejected", "rejected", "rejected"}, states, "all kept as they came")

	v.post("/api/v1/callbacks/identity/played", "token="+h.face.token).ok(http.StatusOK)
	require.Equal(t, "pending", c.gates(no)["identity"], "a hint, no more")
	h.work()
	require.Equal(t, "passed", c.gates(no)["identity"])
}

func TestLoginRefusals(t *testing.T) {
	h := newHall(t)
	v := h.visitor()
	v.post("/api/v1/login/codes", map[string]string{"phone": "075512345678"}).refused(http.StatusUnprocessableEntity, "invalid_field", "phone", "phone_wrong")
	v.post("/api/v1/login/codes", map[string]string{"phone": phoneA}).ok(http.StatusAccepted)
	h.work()
	right := h.sms.code(phoneA)
	wrong := "000000"
	if right == wrong {
		wrong = "000001"
	}
	for range 5 {
		v.post("/api/v1/login", map[string]string{"phone": phoneA, "code": wrong}).refused(http.StatusUnprocessableEntity, "login_code_wrong", "code", "login_code_wrong")
	}
	v.post("/api/v1/login", map[string]string{"phone": phoneA, "code": right}).refused(http.StatusUnprocessableEntity, "login_code_wrong", "code", "login_code_wrong")

	for range 4 {
		v.post("/api/v1/login/codes", map[string]string{"phone": phoneA}).ok(http.StatusAccepted)
	}
	limited := v.post("/api/v1/login/codes", map[string]string{"phone": phoneA})
	limited.refused(http.StatusTooManyRequests, "too_many_attempts", "", "")
	require.NotEmpty(t, limited.header.Get("Retry-After"))

	c := h.login(phoneB)
	h.clock.move(13 * time.Hour)
	c.get("/api/v1/orders").refused(http.StatusUnauthorized, "login_required", "", "")
}

// otherAlgorithm is a certificate of a curve that is not SM2.
func otherAlgorithm(t testing.TB) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0x7e0123456789), Subject: pkix.Name{CommonName: holderName},
		NotBefore: monday.AddDate(-1, 0, 0), NotAfter: monday.AddDate(0, -1, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return der
}

// identify takes an order's agent through the telecom check and the phone.
func (h *hall) identify(c client, no string) {
	h.t.Helper()
	h.work()
	c.post("/api/v1/orders/"+no+"/identity-sessions", nil).ok(http.StatusCreated)
	h.face.appear("张敏", "11010519491231002X", 9000)
	h.visitor().post("/api/v1/callbacks/identity/played", "token="+h.face.token).ok(http.StatusOK)
	h.work()
	require.Equal(h.t, "passed", c.get("/api/v1/orders/"+no+"/identity").ok(http.StatusOK).text("state"))
}

// gates are the gates of an order as its applicant sees them.
func (c client) gates(no string) map[string]any {
	c.t.Helper()
	return c.get("/api/v1/orders/" + no).ok(http.StatusOK).json()["gates"].(map[string]any)
}
