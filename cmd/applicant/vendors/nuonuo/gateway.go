package nuonuo

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the platform's signature is HMAC-SHA1
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/applicant/vendors/callback"
	"caconsole/cmd/applicant/vendors/shelf"
	"caconsole/cmd/applicant/vendors/trouble"
)

// Path is the gateway's path under every base URL.
const Path = "/open/v1/services"

const (
	maxBody   = 1 << 20
	tolerance = 10 * time.Minute // between the request's timestamp and the gateway's clock
	tokenLife = 24 * time.Hour
)

// Codes of answers. E0000, E9500 and 070101 are the platform's; the texts of the others are documented, their numbers
// are not, and clients must not tell them apart.
const (
	codeOK        = "E0000"
	codeDuplicate = "E9106" // 订单编号不能重复
	codeNotFound  = "E9500"
	codeInvalid   = "E9501"
	codeAppKey    = "070101"
	codeSignature = "070102"
	codeToken     = "070304"
	codeMethod    = "070305"
)

// Options are the account the console is supposed to have, and the parts the simulator works with.
type Options struct {
	AppKey, AppSecret string
	AccessToken       string // a long-lived token; POST /accessToken gives the same
	SellerTaxNo       string // the only taxpayer this account may issue for
	SellerName        string

	Delay     time.Duration // from request to the finished invoice
	Public    func() string // base URL under which files are served
	State     string        // folder of records that survive a restart; "" keeps them in memory
	Painter   *paper.Painter
	Callbacks *callback.Sender
	Troubles  *trouble.List
	Now       func() time.Time
	Log       *slog.Logger
}

// Platform is the simulated vendor.
type Platform struct {
	opt      Options
	invoices *shelf.Shelf[invoice] // by order number
	forms    *shelf.Shelf[form]    // by billId
	methods  map[string]func(body []byte) answer
}

// answer is the platform's envelope.
type answer struct {
	Code     string `json:"code"`
	Describe string `json:"describe"`
	Result   any    `json:"result,omitempty"`
}

// New opens the simulator's records and takes up the invoices that were under way.
func New(o Options) (*Platform, error) {
	p := &Platform{opt: o}
	var err error
	if p.invoices, err = shelf.Open[invoice](o.State); err != nil {
		return nil, fmt.Errorf("nuonuo: %w", err)
	}
	folder := ""
	if o.State != "" {
		folder = filepath.Join(o.State, "red")
	}
	if p.forms, err = shelf.Open[form](folder); err != nil {
		return nil, fmt.Errorf("nuonuo: %w", err)
	}
	p.methods = map[string]func([]byte) answer{
		"nuonuo.OpeMplatform.requestBillingNew":        p.requestBilling,
		"nuonuo.OpeMplatform.queryInvoiceResult":       p.queryResult,
		"nuonuo.OpeMplatform.reInvoice":                p.reInvoice,
		"nuonuo.OpeMplatform.saveInvoiceRedConfirm":    p.saveRed,
		"nuonuo.OpeMplatform.queryInvoiceRedConfirm":   p.queryRed,
		"nuonuo.OpeMplatform.refreshInvoiceRedConfirm": p.refreshRed,
		"nuonuo.OpeMplatform.confirmInfoCancel":        p.cancelRed,
	}
	for _, v := range p.invoices.All() {
		if !v.Told {
			p.tell(v)
		}
	}
	for _, f := range p.forms.All() {
		p.follow(f)
	}
	return p, nil
}

// Routes adds the gateway, the token endpoint, the invoice files and the decision on a red letter's form to mux.
func (p *Platform) Routes(mux *http.ServeMux) {
	mux.HandleFunc("POST "+Path, p.gateway)
	mux.HandleFunc("POST /accessToken", p.accessToken)
	mux.HandleFunc("GET /invoice/{file}", p.file)
	mux.HandleFunc("POST /_sim/invoice/red", p.decide)
}

func (p *Platform) gateway(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		p.write(w, answer{Code: codeInvalid, Describe: "报文过大"})
		return
	}
	if bad := p.verify(r, body); bad != nil {
		p.opt.Log.InfoContext(r.Context(), "nuonuo refuses", "code", bad.Code, "describe", bad.Describe)
		p.write(w, *bad)
		return
	}
	name := r.Header.Get("method")
	method, ok := p.methods[name]
	if !ok {
		p.write(w, answer{Code: codeMethod, Describe: "请求的API方法不存在：" + name})
		return
	}
	p.opt.Troubles.Around(trouble.Invoice, name, w, r,
		func(code string) { p.write(w, answer{Code: code, Describe: "simulated trouble"}) },
		func(w http.ResponseWriter) { p.write(w, method(body)) })
}

var (
	senidForm = regexp.MustCompile(`^[0-9A-Za-z]{32}$`)
	nonceForm = regexp.MustCompile(`^[0-9]{8}$`)
)

// verify checks who calls. senid, nonce, timestamp and appkey stand in the query; signature, token, tax number and
// method in the headers.
func (p *Platform) verify(r *http.Request, body []byte) *answer {
	q := r.URL.Query()
	seconds, err := strconv.ParseInt(q.Get("timestamp"), 10, 64)
	off := p.opt.Now().Sub(time.Unix(seconds, 0))
	switch {
	case q.Get("appkey") != p.opt.AppKey:
		return &answer{Code: codeAppKey, Describe: "获取app密钥失败或appkey无效"}
	case !senidForm.MatchString(q.Get("senid")):
		return &answer{Code: codeInvalid, Describe: "senid应为32位随机码"}
	case !nonceForm.MatchString(q.Get("nonce")):
		return &answer{Code: codeInvalid, Describe: "nonce应为8位随机正整数"}
	case err != nil || off > tolerance || off < -tolerance:
		return &answer{Code: codeInvalid, Describe: "timestamp无效或已过期"}
	}
	want := Sign(p.opt.AppSecret, r.URL.Path, q.Get("appkey"), q.Get("senid"), q.Get("nonce"), q.Get("timestamp"), body)
	switch {
	case !hmac.Equal([]byte(want), []byte(r.Header.Get("X-Nuonuo-Sign"))):
		return &answer{Code: codeSignature, Describe: "签名校验失败"}
	case subtle.ConstantTimeCompare([]byte(p.opt.AccessToken), []byte(r.Header.Get("accessToken"))) != 1:
		return &answer{Code: codeToken, Describe: "accessToken无效或已过期"}
	case r.Header.Get("userTax") != "" && r.Header.Get("userTax") != p.opt.SellerTaxNo:
		return &answer{Code: codeToken, Describe: "userTax与授权商户不一致"}
	}
	return nil
}

// Sign computes X-Nuonuo-Sign: Base64 of HMAC-SHA1 over the path's three parts from the last to the first, the four
// public parameters and the body byte for byte:
//
//	a=services&l=v1&p=open&k=appkey&i=senid&n=nonce&t=timestamp&f=body
func Sign(secret, servicePath, appKey, senid, nonce, timestamp string, body []byte) string {
	parts := strings.Split(strings.Trim(path.Clean(servicePath), "/"), "/")
	for len(parts) < 3 {
		parts = append(parts, "")
	}
	h := hmac.New(sha1.New, []byte(secret))
	_, _ = fmt.Fprintf(h, "a=%s&l=%s&p=%s&k=%s&i=%s&n=%s&t=%s&f=", parts[2], parts[1], parts[0], appKey, senid, nonce, timestamp)
	h.Write(body)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// accessToken answers the client_credentials grant of a self-used application (自用型应用).
func (p *Platform) accessToken(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<14)
	secret := []byte(r.FormValue("client_secret"))
	if r.FormValue("client_id") != p.opt.AppKey || subtle.ConstantTimeCompare([]byte(p.opt.AppSecret), secret) != 1 ||
		r.FormValue("grant_type") != "client_credentials" {
		p.write(w, map[string]string{"error": codeAppKey, "error_description": "appKey或appSecret无效"})
		return
	}
	p.write(w, map[string]any{"access_token": p.opt.AccessToken, "expires_in": int(tokenLife.Seconds())})
}

func (p *Platform) write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.opt.Log.Warn("answer not sent", "error", err)
	}
}
