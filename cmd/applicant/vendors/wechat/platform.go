package wechat

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"time"

	"caconsole/cmd/applicant/vendors/callback"
	"caconsole/cmd/applicant/vendors/shelf"
	"caconsole/cmd/applicant/vendors/trouble"
)

const maxBody = 1 << 20

// Options are the merchant the console is supposed to be, and the parts the simulator works with.
type Options struct {
	AppID, MchID   string
	MerchantKey    *rsa.PublicKey // of the merchant's API certificate
	MerchantSerial string         // of that certificate, hexadecimal
	APIv3Key       []byte         // 32 bytes
	PlatformKey    *rsa.PrivateKey
	PlatformSerial string // what Wechatpay-Serial says

	RefundDelay time.Duration // from a refund's request to its end
	State       string        // folder of records that survive a restart; "" keeps them in memory
	Callbacks   *callback.Sender
	Troubles    *trouble.List
	Now         func() time.Time
	Log         *slog.Logger
}

// Platform is the simulated vendor.
type Platform struct {
	opt    Options
	orders *shelf.Shelf[order] // by out_trade_no
	forger *rsa.PrivateKey     // of somebody who is not the platform
}

// New opens the simulator's records and takes up the notices that were under way.
func New(o Options) (*Platform, error) {
	if len(o.APIv3Key) != 32 {
		return nil, errors.New("wechat: the APIv3 key has 32 bytes")
	}
	orders, err := shelf.Open[order](o.State)
	if err != nil {
		return nil, fmt.Errorf("wechat: %w", err)
	}
	forger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("wechat: %w", err)
	}
	p := &Platform{opt: o, orders: orders, forger: forger}
	for _, v := range orders.All() {
		p.resume(v)
	}
	return p, nil
}

// Routes adds the API to mux.
func (p *Platform) Routes(mux *http.ServeMux) {
	const byNo = "/v3/pay/transactions/out-trade-no/{no}"
	mux.HandleFunc("POST /v3/pay/transactions/native", p.call("native", p.native))
	mux.HandleFunc("GET "+byNo, p.call("query", p.query))
	mux.HandleFunc("POST "+byNo+"/close", p.call("close", p.close))
	mux.HandleFunc("POST /v3/refund/domestic/refunds", p.call("refund", p.refund))
	mux.HandleFunc("GET /v3/refund/domestic/refunds/{no}", p.call("refund_query", p.findRefund))
}

// apiError is a refusal in the platform's own words.
type apiError struct {
	status  int
	Code    string `json:"code"`
	Message string `json:"message"`
}

func signError(message string) *apiError {
	return &apiError{http.StatusUnauthorized, "SIGN_ERROR", message}
}

func paramError(message string) *apiError {
	return &apiError{http.StatusBadRequest, "PARAM_ERROR", message}
}

func internal(err error) *apiError {
	return &apiError{http.StatusInternalServerError, "SYSTEM_ERROR", err.Error()}
}

// statusOf is the HTTP status that goes with a code a test orders by package trouble.
var statusOf = map[string]int{
	"PARAM_ERROR": 400, "INVALID_REQUEST": 400, "ORDER_CLOSED": 400, "ORDERPAID": 400, "SIGN_ERROR": 401, "NO_AUTH": 403, "NOT_ENOUGH": 403,
	"USER_ACCOUNT_ABNORMAL": 403, "OUT_TRADE_NO_USED": 403, "RULE_LIMIT": 403, "TRADE_ERROR": 403, "ORDER_NOT_EXIST": 404,
	"RESOURCE_NOT_EXISTS": 404, "FREQUENCY_LIMITED": 429, "SYSTEM_ERROR": 500,
}

// work is what one call does: its answer, nil for 204 No Content.
type work func(r *http.Request, body []byte) (any, *apiError)

// call wraps a call: body, signature, ordered trouble, signed answer. name is how package trouble knows it.
func (p *Platform) call(name string, do work) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			p.write(w, nil, paramError("请求体过大"))
			return
		}
		if bad := p.verify(r, body); bad != nil {
			p.write(w, nil, bad)
			return
		}
		p.opt.Troubles.Around(trouble.WeChat, name, w, r,
			func(code string) {
				status, ok := statusOf[code]
				if !ok {
					status = http.StatusBadRequest
				}
				p.write(w, nil, &apiError{status, code, "simulated trouble"})
			},
			func(w http.ResponseWriter) {
				answer, bad := do(r, body)
				p.write(w, answer, bad)
			})
	}
}

// write sends a signed answer.
func (p *Platform) write(w http.ResponseWriter, answer any, bad *apiError) {
	status := http.StatusOK
	switch {
	case bad != nil:
		p.opt.Log.Info("wechat refuses", "code", bad.Code, "message", bad.Message)
		status, answer = bad.status, bad
	case answer == nil:
		status = http.StatusNoContent
	}
	var raw []byte
	if answer != nil {
		var err error
		if raw, err = json.Marshal(answer); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	if err := p.sign(w.Header(), raw); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Request-ID", rand.Text())
	w.WriteHeader(status)
	if _, err := w.Write(raw); err != nil {
		p.opt.Log.Warn("answer not sent", "error", err)
	}
}

// digits returns n random digits, of which the first is no zero.
func digits(n int) string {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n-1)), nil)
	v, err := rand.Int(rand.Reader, new(big.Int).Mul(limit, big.NewInt(9)))
	if err != nil {
		panic("wechat: " + err.Error()) // crypto/rand does not fail on Linux
	}
	return v.Add(v, limit).String()
}

// beijing is the time zone of every time the platform writes.
var beijing = time.FixedZone("CST", 8*3600)

// rfc3339 writes a time as the platform does.
func rfc3339(t time.Time) string { return t.In(beijing).Format(time.RFC3339) }
