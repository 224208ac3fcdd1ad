package alipay

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"caconsole/cmd/applicant/vendors/callback"
	"caconsole/cmd/applicant/vendors/shelf"
	"caconsole/cmd/applicant/vendors/till"
	"caconsole/cmd/applicant/vendors/trouble"
)

// Path is the gateway's path under every base URL.
const Path = "/gateway.do"

const maxBody = 1 << 20

// Options are the application the console is supposed to be, and the parts the simulator works with.
type Options struct {
	AppID, SellerID string
	AppKey          *rsa.PublicKey  // of the application
	Key             *rsa.PrivateKey // Alipay's own

	State     string // folder of records that survive a restart; "" keeps them in memory
	Callbacks *callback.Sender
	Troubles  *trouble.List
	Now       func() time.Time
	Log       *slog.Logger
}

// Gateway is the simulated vendor.
type Gateway struct {
	opt     Options
	trades  *shelf.Shelf[trade] // by out_trade_no
	methods map[string]func(biz []byte, notifyURL string) (any, error)
	forger  *rsa.PrivateKey // of somebody who is not Alipay
}

// New opens the simulator's records and takes up the notices that were under way.
func New(o Options) (*Gateway, error) {
	trades, err := shelf.Open[trade](o.State)
	if err != nil {
		return nil, fmt.Errorf("alipay: %w", err)
	}
	forger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("alipay: %w", err)
	}
	g := &Gateway{opt: o, trades: trades, forger: forger}
	g.methods = map[string]func([]byte, string) (any, error){
		"alipay.trade.precreate":            g.precreate,
		"alipay.trade.query":                g.query,
		"alipay.trade.close":                g.close,
		"alipay.trade.refund":               g.refund,
		"alipay.trade.fastpay.refund.query": g.findRefund,
	}
	for _, v := range trades.All() {
		g.resume(v)
	}
	return g, nil
}

// Routes adds the gateway to mux, and POST /_sim/alipay/scan {"qr_code": …}: a payer who has scanned and not yet paid.
func (g *Gateway) Routes(mux *http.ServeMux) {
	mux.HandleFunc("POST "+Path, g.serve)
	mux.HandleFunc("POST /_sim/alipay/scan", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			QRCode string `json:"qr_code"`
		}
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<14)).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if _, err := g.scan(in.QRCode, false); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// failure is a refusal in the gateway's own words.
type failure struct {
	Code    string `json:"code"`
	Msg     string `json:"msg"`
	SubCode string `json:"sub_code"`
	SubMsg  string `json:"sub_msg"`
}

func (f *failure) Error() string { return f.SubCode + ": " + f.SubMsg }

// business is a refusal of the trade itself.
func business(code, message string) *failure {
	return &failure{"40004", "Business Failed", code, message}
}

func invalid(message string) *failure {
	return business("ACQ.INVALID_PARAMETER", "参数无效："+message)
}

var errNoTrade = business("ACQ.TRADE_NOT_EXIST", "交易不存在")

func (g *Gateway) serve(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		g.write(w, "error_response", &failure{"40002", "Invalid Arguments", "isv.invalid-parameter", "参数无效"})
		return
	}
	name := r.Form.Get("method")
	do, ok := g.methods[name]
	if !ok {
		g.write(w, "error_response", &failure{"40002", "Invalid Arguments", "isv.invalid-method", "不存在的方法名"})
		return
	}
	node := strings.ReplaceAll(name, ".", "_") + "_response"
	if bad := g.verify(r.Form); bad != nil {
		g.write(w, node, bad)
		return
	}
	g.opt.Troubles.Around(trouble.Alipay, name, w, r,
		func(code string) { g.write(w, node, business(code, "simulated trouble")) },
		func(w http.ResponseWriter) {
			answer, err := do([]byte(r.Form.Get("biz_content")), r.Form.Get("notify_url"))
			var bad *failure
			switch {
			case err == nil:
				g.write(w, node, answer)
			case errors.As(err, &bad):
				g.write(w, node, bad)
			case errors.Is(err, shelf.ErrMissing):
				g.write(w, node, errNoTrade)
			default:
				g.write(w, node, &failure{"20000", "Service Currently Unavailable", "aop.ACQ.SYSTEM_ERROR", err.Error()})
			}
		})
}

// write sends {"<node>": answer, "sign": …}; the signature is over the node's value byte for byte.
func (g *Gateway) write(w http.ResponseWriter, node string, answer any) {
	if bad, ok := answer.(*failure); ok {
		g.opt.Log.Info("alipay refuses", "sub_code", bad.SubCode, "sub_msg", bad.SubMsg)
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	signature, err := sign(g.opt.Key, string(raw))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	whole, err := json.Marshal(map[string]any{node: json.RawMessage(raw), "sign": signature})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html;charset=utf-8") // so does the real one
	if _, err := w.Write(whole); err != nil {
		g.opt.Log.Warn("answer not sent", "error", err)
	}
}

// text is a value that callers send as a string or as a number.
type text string

// UnmarshalJSON takes both.
func (t *text) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] != '"' {
		*t = text(raw)
		return nil
	}
	var s string
	err := json.Unmarshal(raw, &s)
	*t = text(s)
	return err
}

var money = regexp.MustCompile(`^(\d{1,9})(?:\.(\d{1,2}))?$`)

// fen reads yuan without passing through floating point; 0 for what is no amount.
func (t text) fen() int64 {
	m := money.FindStringSubmatch(string(t))
	if m == nil {
		return 0
	}
	whole, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return 0
	}
	cents, err := strconv.ParseInt((m[2] + "00")[:2], 10, 64)
	if err != nil {
		return 0
	}
	return whole*100 + cents
}

func yuan(fen int64) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }

// beijing is the time zone of every time the gateway reads and writes.
var beijing = time.FixedZone("CST", 8*3600)

func clock(t time.Time) string { return t.In(beijing).Format(time.DateTime) }

func digits(n int) string {
	v, err := rand.Int(rand.Reader, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil))
	if err != nil {
		panic("alipay: " + err.Error()) // crypto/rand does not fail on Linux
	}
	return fmt.Sprintf("%0*d", n, v)
}

var _ till.Vendor = (*Gateway)(nil)
