package renew

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/outbox"
)

const (
	testSerial = "5e2109c477a03b18"
	testOrder  = "R261122000182"
)

// intake is a console of a few lines: it follows the published API and lets a test see and spoil what happens.
type intake struct {
	*httptest.Server
	box *outbox.Box
	dir string // the Ukeys' folder
	ca  *ca
	key *sm2.PrivateKey // of the old sign certificate

	mu      sync.Mutex
	pdf     []byte // the application form
	pack    []byte // the update
	toSign  string
	stuck   bool                                          // staff never come
	refusal string                                        // code with which POST /orders is refused
	upset   func(http.ResponseWriter, *http.Request) bool // true: it answered
	path    string                                        // the certificate takes
	returns []document                                    // what staff send back, one each time the papers are complete
	moves   bool                                          // the certificate runs out between payment and proof
	rekeys  func(csr *smx509.CertificateRequest)          // the project wants a new key; called with the CSR that comes

	stage   string
	gates   map[string]string
	method  string              // of payment
	legal   string              // name of the legal person
	opened  string              // body of POST /orders
	agreed  []string            // to these texts
	wallet  []string            // QR codes paid
	papers  map[string]document // by kind
	face    []string            // what was pressed
	uploads []string            // kind, content type and claims, in order
	keys    map[string][]string // idempotency keys by path
	steps   []string            // confirmed by the driver
	created int                 // orders
	asked   int                 // how often the driver asked whether the update is ready
	proved  bool
}

func newIntake(t *testing.T) *intake {
	t.Helper()
	dir := t.TempDir()
	box, err := outbox.Open(filepath.Join(dir, "outbox"))
	require.NoError(t, err)
	pdf, err := os.ReadFile(filepath.Join("..", "paper", "testdata", "form.pdf"))
	require.NoError(t, err)
	f := &intake{
		box: box, dir: filepath.Join(dir, "ukeys"), ca: newCA(t), key: newKey(t), pdf: pdf, stage: "papers",
		path: PathReviewed, papers: map[string]document{}, keys: map[string][]string{}, toSign: "caconsole/collect/1\nid-nonce\n-",
		gates: map[string]string{"documents": "missing", "identity": "none", "payment": "none"},
	}
	f.ukey(t)
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ports.json"), fmt.Appendf(nil, `{"sms":%[1]q,"wechat":%[1]q,"alipay":%[1]q}`, f.URL), 0o600))
	return f
}

// handedIn spares a test the drawing of papers: they are there already.
func (f *intake) handedIn() {
	f.papers[form], f.papers[licence] = document{Kind: form, State: "uploaded"}, document{Kind: licence, State: "uploaded"}
}

// ukey writes the old pair to the Ukey's folder and prepares the new one.
func (f *intake) ukey(t *testing.T) {
	t.Helper()
	enc := newKey(t)
	folder := filepath.Join(f.dir, testSerial)
	require.NoError(t, os.MkdirAll(folder, 0o750))
	write := func(name, kind string, der []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	}
	for name, key := range map[string]*sm2.PrivateKey{"sign.key.pem": f.key, "enc.key.pem": enc} {
		der, err := smx509.MarshalPKCS8PrivateKey(key)
		require.NoError(t, err)
		write(name, "PRIVATE KEY", der)
	}
	oldSign, oldEnc := f.ca.pair(t, f.key, enc, 100, time.Now().AddDate(0, -1, 0))
	write("sign.pem", "CERTIFICATE", oldSign.Raw)
	write("enc.pem", "CERTIFICATE", oldEnc.Raw)
	f.repack(t, f.key, enc, time.Now().AddDate(1, 0, 0))
}

// repack makes the package of a new pair for the keys given.
func (f *intake) repack(t *testing.T, sign, enc *sm2.PrivateKey, end time.Time) {
	t.Helper()
	s, e := f.ca.pair(t, sign, enc, 200, end)
	f.bundle(t, s, e, f.ca.sub, f.ca.root)
}

func (f *intake) bundle(t *testing.T, s, e, sub, root *smx509.Certificate) {
	t.Helper()
	f.pack = []byte(pemOf(s) + pemOf(e) + pemOf(sub) + pemOf(root))
}

func (f *intake) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/api/v1")
	body, _ := io.ReadAll(r.Body)
	if r.Method == http.MethodPost && r.Header.Get("Idempotency-Key") != "" {
		f.keys[path] = append(f.keys[path], r.Header.Get("Idempotency-Key"))
	}
	switch {
	case f.upset != nil && f.upset(w, r):
	case strings.HasPrefix(path, "/updates"):
		f.driver(w, r, path, body)
	case strings.HasPrefix(path, "/_sim/") && r.Method == http.MethodPost:
		f.wallet = append(f.wallet, path+" "+string(body))
		f.gates["payment"], f.stage = "settled", "update"
	case path == "/face":
		if f.face = append(f.face, string(body)); len(f.face) == 3 {
			f.gates["identity"] = "passed"
		}
	case path == "/_sim/messages":
		all, _ := f.box.List()
		f.answer(w, 200, all)
	case strings.HasPrefix(path, "/login"), path == "/agreements":
		f.door(w, path, body)
	case r.Header.Get("Authorization") != "Bearer token":
		f.problem(w, 401, "login_required", "请先登录")
	case strings.HasPrefix(path, "/orders/"):
		f.work(w, r, strings.TrimPrefix(path, "/orders/"+testOrder), body)
	default:
		f.hall(w, r, path, body)
	}
}

func (f *intake) problem(w http.ResponseWriter, status int, code, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": status, "code": code, "detail": detail})
}

func (f *intake) answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (f *intake) order() map[string]any {
	papers := []document{}
	for _, p := range f.papers {
		papers = append(papers, p)
	}
	return map[string]any{
		"no": testOrder, "serial": strings.ToUpper(testSerial), "stage": f.stage, "gates": f.gates, "amount_fen": 28000, "sentence": "进行中",
		"path": f.path, "method": f.method, "legal_person": map[string]string{"name": f.legal}, "documents": papers,
	}
}

// door is what needs no login.
func (f *intake) door(w http.ResponseWriter, path string, body []byte) {
	switch path {
	case "/login/codes":
		_ = f.box.Put(outbox.Message{Channel: outbox.SMS, Template: "login_code", Text: "验证码482913，5分钟内有效", At: time.Now()})
		f.answer(w, 202, map[string]int{"expires_in": 300})
	case "/login":
		if !strings.Contains(string(body), "482913") {
			f.problem(w, 422, "login_code_wrong", "验证码不正确")
			return
		}
		f.answer(w, 200, map[string]string{"token": "token"})
	default:
		f.answer(w, 200, map[string]any{"agreements": []map[string]any{
			{"code": "service", "version": 3, "title": "电子认证服务协议"}, {"code": "sensitive", "version": 1, "title": "敏感个人信息授权书", "sensitive": true},
		}})
	}
}

// hall is the applicant's side before an order.
func (f *intake) hall(w http.ResponseWriter, r *http.Request, path string, body []byte) {
	switch r.Method + " " + path {
	case "POST /consents":
		f.agreed = append(f.agreed, string(body))
		f.answer(w, 200, map[string]any{})
	case "GET /certificates/" + testSerial:
		f.answer(w, 200, map[string]any{"eligible": true, "path": f.path})
	case "GET /orders":
		list := []any{}
		if f.created > 0 {
			list = append(list, f.order())
		}
		f.answer(w, 200, map[string]any{"orders": list})
	case "POST /orders":
		switch {
		case f.refusal != "":
			f.problem(w, 409, f.refusal, "运营商实名信息不一致")
		case !strings.Contains(string(body), testCode), !strings.Contains(string(body), testHolder):
			f.problem(w, 422, "holder_mismatch", "单位不一致")
		default:
			f.created++
			f.opened = string(body)
			f.openStage(body)
			f.answer(w, 201, f.order())
		}
	default:
		f.problem(w, 404, "not_found", path)
	}
}

// openStage is where a new order begins.
func (f *intake) openStage(body []byte) {
	var in struct {
		Legal struct{ Name string } `json:"legal_person"`
	}
	_ = json.Unmarshal(body, &in)
	f.legal = in.Legal.Name
	if f.path == PathOnline {
		f.stage = "payment"
	}
}

// work is one order; path is what follows its number.
func (f *intake) work(w http.ResponseWriter, r *http.Request, path string, body []byte) {
	switch r.Method + " " + path {
	case "GET ":
		f.show(w, r)
	case "PATCH ":
		f.openStage(body)
		f.answer(w, 200, f.order())
	case "POST /form-confirmations":
		f.answer(w, 201, map[string]any{"version": 1})
	case "GET /application-form.pdf":
		_, _ = w.Write(f.pdf)
	case "POST /identity-sessions":
		f.answer(w, 201, map[string]string{"url": f.URL + "/face"})
	case "GET /identity":
		f.answer(w, 200, map[string]string{"state": f.gates["identity"]})
	case "POST /resubmissions":
		f.answer(w, 200, f.order())
	case "POST /payments":
		f.payment(w, body)
	case "PUT /documents/application_form", "PUT /documents/business_licence", "PUT /documents/remittance_voucher":
		kind := strings.TrimPrefix(path, "/documents/")
		f.uploads = append(f.uploads, kind+" "+r.Header.Get("Content-Type")+" "+r.URL.Query().Encode())
		f.papers[kind] = document{Kind: kind, State: "uploaded"}
		f.answer(w, 200, map[string]any{"id": "1", "pages": 1})
	default:
		f.problem(w, 404, "not_found", path)
	}
}

// show moves the order on by what is there, and answers 304 where nothing changed.
func (f *intake) show(w http.ResponseWriter, r *http.Request) {
	f.advance()
	tag := fmt.Sprintf("%q", f.stage+f.gates["payment"]+f.legal)
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	f.answer(w, 200, f.order())
}

// advance is what the console and its staff do.
func (f *intake) advance() {
	complete := f.papers[form].State == "uploaded" && f.papers[licence].State == "uploaded"
	switch {
	case f.path == PathOnline && f.moves && f.gates["payment"] == "settled":
		f.path, f.stage = PathReviewed, "papers"
	case f.stage == "papers" && complete, f.stage == "returned" && complete:
		f.stage = "identity"
	case f.stage == "identity" && f.gates["identity"] == "passed" && f.gates["payment"] == "settled":
		f.stage = "transfer"
	case f.stage == "identity" && f.gates["identity"] == "passed":
		f.stage = "payment"
	case f.stage == "payment" && f.papers[voucher].Kind != "":
		f.stage = "transfer"
	case f.stage == "transfer" && !f.stuck && len(f.returns) > 0:
		item := f.returns[0]
		f.returns, f.papers[item.Kind], f.stage = f.returns[1:], item, "returned"
	case f.stage == "transfer" && !f.stuck:
		f.stage = "update"
	}
}

func (f *intake) payment(w http.ResponseWriter, body []byte) {
	var in struct{ Method string }
	_ = json.Unmarshal(body, &in)
	f.method, f.gates["payment"] = in.Method, "awaiting"
	if in.Method != PayTransfer {
		f.answer(w, 201, map[string]any{"method": in.Method, "code_url": "weixin://wxpay/bizpayurl?pr=x", "expires_at": time.Now().Add(2 * time.Hour)})
		return
	}
	f.answer(w, 201, map[string]any{
		"account": map[string]string{"name": "样例认证公司", "number": "755900000010502", "bank": "招商银行"}, "amount_fen": 28000, "reference": testOrder,
	})
}

// requested takes the CSR of a project that re-keys: what is to be signed binds it from then on.
func (f *intake) requested(w http.ResponseWriter, csr string) bool {
	der, err := base64.StdEncoding.DecodeString(csr)
	if err != nil || len(der) == 0 {
		f.problem(w, 409, "csr_required", "须更换密钥")
		return false
	}
	req, err := smx509.ParseCertificateRequest(der)
	if err == nil {
		err = req.CheckSignature()
	}
	if err != nil {
		f.problem(w, 422, "csr_malformed", err.Error())
		return false
	}
	sum := sm3.Sum(der)
	f.toSign = "caconsole/collect/1\nid-nonce\n" + hex.EncodeToString(sum[:])
	f.rekeys(req)
	return true
}

// driver is the Ukey's side.
func (f *intake) driver(w http.ResponseWriter, r *http.Request, path string, body []byte) {
	const id = "/updates/u1"
	if strings.HasPrefix(path, id) && path != id+"/proof" && r.Header.Get("Authorization") != "Bearer update" {
		f.problem(w, 401, "login_required", "未证明")
		return
	}
	var in struct{ Signature, Step, CSR string }
	_ = json.Unmarshal(body, &in)
	switch r.Method + " " + path {
	case "POST /updates":
		if f.rekeys != nil && !f.requested(w, in.CSR) {
			return
		}
		f.answer(w, 201, map[string]string{"id": "u1", "kind": "collect", "to_sign": f.toSign})
	case "POST " + id + "/proof":
		sig, _ := base64.StdEncoding.DecodeString(in.Signature)
		if f.proved = sm2.VerifyASN1WithSM2(&f.key.PublicKey, nil, []byte(f.toSign), sig); !f.proved {
			f.problem(w, 422, "proof_wrong", "签名不正确")
			return
		}
		f.answer(w, 200, map[string]string{"id": "u1", "token": "update", "state": "pending"})
	case "GET " + id:
		if f.asked++; f.asked == 1 {
			f.answer(w, 202, map[string]string{"sentence": "正在签发"})
			return
		}
		f.answer(w, 200, map[string]string{"state": "ready"})
	case "GET " + id + "/package":
		http.ServeContent(w, r, "package.pem", time.Time{}, strings.NewReader(string(f.pack)))
	case "POST " + id + "/confirmations":
		if f.steps = append(f.steps, in.Step); in.Step == stepEnc {
			f.stage = "done"
		}
		f.answer(w, 200, map[string]any{})
	default:
		f.problem(w, 404, "not_found", path)
	}
}

// ownKeys reports whether each POST carried an idempotency key of its own.
func (f *intake) ownKeys() bool {
	seen := []string{}
	for _, keys := range f.keys {
		for _, k := range keys {
			if k == "" || slices.Contains(seen, k) {
				return false
			}
			seen = append(seen, k)
		}
	}
	return true
}
