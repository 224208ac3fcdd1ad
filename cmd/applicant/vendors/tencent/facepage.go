package tencent

import (
	_ "embed"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"

	"caconsole/cmd/applicant/vendors/callback"
	"caconsole/cmd/applicant/vendors/shelf"
	"caconsole/cmd/applicant/vendors/trouble"
)

//go:embed face.html
var faceHTML string

var facePage = template.Must(template.New("face").Parse(faceHTML))

// faceView is what the page shows.
type faceView struct {
	Step     string
	Name     string // masked: all but the first character
	Problem  string
	Outcomes []outcomeView
}

type outcomeView struct{ Value, Label string }

var outcomeViews = []outcomeView{
	{outcomePass, "通过：本人操作"},
	{outcomeFail, "不通过：活体检测失败"},
	{outcomeLowScore, "不通过：比对分数过低"},
	{outcomeStranger, "他人证件：信息与填写不符"},
}

// showFace is the page a phone opens. Like the vendor's it works without a login: the token is the secret.
func (c *Cloud) showFace(w http.ResponseWriter, r *http.Request) {
	s, ok := c.faces.Get(r.PathValue("token"))
	switch {
	case !ok:
		c.renderFace(w, http.StatusNotFound, faceView{Problem: "链接无效，请回到办理页面重新获取二维码。"})
	case c.opt.Now().Sub(s.At) > pageLife && s.Step != stepDone:
		c.renderFace(w, http.StatusGone, faceView{Problem: "链接已过期，请回到办理页面重新获取二维码。"})
	default:
		c.renderFace(w, http.StatusOK, viewOf(s))
	}
}

// pressFace takes one step of the page: form fields step (front, back, liveness) and, with the last one, outcome
// (pass, fail, low_score, wrong_person) and score (Sim, optional).
func (c *Cloud) pressFace(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<14)
	score := 0.0
	if text := r.FormValue("score"); text != "" {
		var err error
		if score, err = strconv.ParseFloat(text, 64); err != nil || score < 0 || score > 100 {
			c.renderFace(w, http.StatusUnprocessableEntity, faceView{Problem: "分数应在 0 到 100 之间。"})
			return
		}
	}
	s, err := c.press(r.PathValue("token"), r.FormValue("step"), r.FormValue("outcome"), score)
	switch {
	case errors.Is(err, shelf.ErrMissing):
		c.renderFace(w, http.StatusNotFound, faceView{Problem: "链接无效，请回到办理页面重新获取二维码。"})
	case errors.Is(err, errExpired):
		c.renderFace(w, http.StatusGone, faceView{Problem: "链接已过期，请回到办理页面重新获取二维码。"})
	case errors.Is(err, errStep), errors.Is(err, errOutcome):
		c.renderFace(w, http.StatusConflict, faceView{Problem: "操作顺序有误，请刷新页面后继续。"})
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		if s.Step == stepDone {
			c.tell(s)
		}
		http.Redirect(w, r, "/face/"+url.PathEscape(s.Token), http.StatusSeeOther)
	}
}

// tell sends the hint that a face page is done: POST to the registered address, else to DetectAuth's RedirectUrl with
// BizToken and Extra added to its query, as the browser would be sent there; the same two as JSON in the body. It
// proves nothing: the result has to be fetched.
func (c *Cloud) tell(s session) {
	if call, ok := c.hint(s); ok {
		c.opt.Callbacks.Send(call)
	}
}

// forgeHint sends the hint of a page that nobody has opened yet, if somebody is to do so.
func (c *Cloud) forgeHint(s session) {
	if _, ok := c.opt.Troubles.Strike(trouble.Identity, trouble.Forge); !ok {
		return
	}
	if call, ok := c.hint(s); ok {
		c.opt.Callbacks.Once(call)
	}
}

func (c *Cloud) hint(s session) (callback.Call, bool) {
	target := c.opt.IdentityCallback
	if target == "" {
		target = s.Redirect
	}
	if target == "" {
		return callback.Call{}, false
	}
	u, err := url.Parse(target)
	if err != nil {
		c.opt.Log.Warn("no usable callback address", "url", target, "error", err)
		return callback.Call{}, false
	}
	q := u.Query()
	q.Set("BizToken", s.Token)
	q.Set("Extra", s.Extra)
	u.RawQuery = q.Encode()
	body, err := json.Marshal(map[string]string{"BizToken": s.Token, "Extra": s.Extra})
	if err != nil {
		c.opt.Log.Error("callback not encoded", "error", err)
		return callback.Call{}, false
	}
	return callback.Call{Vendor: trouble.Identity, URL: u.String(), ContentType: "application/json", Body: body, Tries: hintTries}, true
}

func viewOf(s session) faceView {
	name := []rune(s.Name)
	for i := 1; i < len(name); i++ {
		name[i] = '*'
	}
	return faceView{Step: s.Step, Name: string(name), Outcomes: outcomeViews}
}

func (c *Cloud) renderFace(w http.ResponseWriter, status int, v faceView) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
	w.WriteHeader(status)
	if err := facePage.Execute(w, v); err != nil {
		c.opt.Log.Warn("face page not sent", "error", err)
	}
}
