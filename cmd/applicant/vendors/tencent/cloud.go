package tencent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"caconsole/cmd/applicant/outbox"
	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/applicant/vendors/callback"
	"caconsole/cmd/applicant/vendors/shelf"
	"caconsole/cmd/applicant/vendors/trouble"
)

// maxBody is the size limit of a signed request.
const maxBody = 10 << 20

// Options are the account the console is supposed to have, and the parts the simulator works with.
type Options struct {
	SecretID, SecretKey string
	RuleID              string // of the FaceID business
	SMSAppID, SignName  string // application and approved signature of SMS
	Templates           []Template

	IdentityCallback string // told of finished face pages; "" means the RedirectUrl of DetectAuth
	SMSCallback      string // told of delivered messages; "" means nobody

	Public    func() string // base URL under which a phone reaches the face page
	State     string        // folder of records that survive a restart; "" keeps them in memory
	Box       *outbox.Box
	Painter   *paper.Painter
	Callbacks *callback.Sender
	Troubles  *trouble.List
	Now       func() time.Time
	Log       *slog.Logger
}

// Cloud is the simulated vendor.
type Cloud struct {
	opt       Options
	faces     *shelf.Shelf[session]
	messages  *shelf.Shelf[delivery]
	templates map[string]Template
	actions   map[string]action
}

// action is one API call: the service and version it belongs to, what it is to a customer, and what it does.
type action struct {
	service, version string
	vendor           string // name in package trouble
	run              func(body []byte) (any, *apiError)
}

// New opens the simulator's records.
func New(o Options) (*Cloud, error) {
	c := &Cloud{opt: o, templates: map[string]Template{}}
	for _, t := range o.Templates {
		c.templates[t.ID] = t
	}
	folder := func(name string) string {
		if o.State == "" {
			return ""
		}
		return filepath.Join(o.State, name)
	}
	var err error
	if c.faces, err = shelf.Open[session](folder("faces")); err != nil {
		return nil, fmt.Errorf("tencent: %w", err)
	}
	if c.messages, err = shelf.Open[delivery](folder("sms")); err != nil {
		return nil, fmt.Errorf("tencent: %w", err)
	}
	const faceid, sms = "2018-03-01", "2021-01-11"
	c.actions = map[string]action{
		"DetectAuth":                     {"faceid", faceid, trouble.Identity, c.detectAuth},
		"GetDetectInfoEnhanced":          {"faceid", faceid, trouble.Identity, c.getDetectInfo},
		"PhoneVerification":              {"faceid", faceid, trouble.Telecom, c.phoneVerification},
		"SendSms":                        {"sms", sms, trouble.SMS, c.sendSms},
		"PullSmsSendStatusByPhoneNumber": {"sms", sms, trouble.SMS, c.pullStatus},
	}
	return c, nil
}

// Routes adds the API (POST /) and the face page to mux.
func (c *Cloud) Routes(mux *http.ServeMux) {
	mux.HandleFunc("POST /{$}", c.api)
	mux.HandleFunc("GET /face/{token}", c.showFace)
	mux.HandleFunc("POST /face/{token}", c.pressFace)
}

// api is the one address of all actions, as at *.tencentcloudapi.com.
func (c *Cloud) api(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		c.refuse(w, refused("RequestSizeLimitExceeded", "请求包超过限制大小。"))
		return
	}
	service, fail := c.verify(r, body)
	if fail != nil {
		c.refuse(w, fail)
		return
	}
	name := r.Header.Get("X-TC-Action")
	act, ok := c.actions[name]
	switch {
	case !ok, act.service != service:
		c.refuse(w, refused("InvalidAction", "The request action=`%s` is invalid or not found.", name))
		return
	case r.Header.Get("X-TC-Version") != act.version:
		c.refuse(w, refused("NoSuchVersion", "The api version `%s` is not found.", r.Header.Get("X-TC-Version")))
		return
	}
	c.opt.Troubles.Around(act.vendor, name, w, r,
		func(code string) { c.refuse(w, refused(code, "simulated trouble")) },
		func(w http.ResponseWriter) {
			answer, fail := act.run(body)
			if fail != nil {
				c.refuse(w, fail)
				return
			}
			c.answer(w, answer)
		})
}

func (c *Cloud) refuse(w http.ResponseWriter, e *apiError) {
	c.opt.Log.Info("tencent refuses", "code", e.Code, "message", e.Message)
	c.answer(w, map[string]any{"Error": map[string]string{"Code": e.Code, "Message": e.Message}})
}

// answer wraps a result as {"Response":{…,"RequestId"}}; result must marshal to a JSON object.
func (c *Cloud) answer(w http.ResponseWriter, result any) {
	fields := map[string]any{}
	raw, err := json.Marshal(result)
	if err == nil {
		err = json.Unmarshal(raw, &fields)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fields["RequestId"] = uuid.NewString()
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(map[string]any{"Response": fields}); err != nil {
		c.opt.Log.Warn("answer not sent", "error", err)
	}
}

// read decodes the parameters of an action.
func read(body []byte, into any) *apiError {
	if err := json.Unmarshal(body, into); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return refused("InvalidParameter", "The parameter `%s` has a wrong type.", wrong.Field)
		}
		return refused("InvalidParameter", "The request body is not JSON.")
	}
	return nil
}

// internal is the answer when the simulator itself fails, such as on a full disk.
func internal(err error) *apiError { return refused("InternalError", "%v", err) }
