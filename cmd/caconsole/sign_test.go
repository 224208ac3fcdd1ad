package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/ports"
)

// postSigned sends a form of the last page whose act must be signed: it asks what to sign, has the demo's agent sign it
// with the person's Ukey, and posts the form with the signature.
func (p *person) postSigned(path, toSign string, form url.Values) string {
	p.t.Helper()
	form.Set("csrf", p.field("csrf"))
	res, err := p.client.PostForm(p.url+toSign, form)
	require.NoError(p.t, err)
	here, at := p.page, p.at
	var task struct {
		At      string `json:"at"`
		Login   string `json:"login"`
		Message []byte `json:"message"`
		Ukey    bool   `json:"ukey"`
	}
	require.NoError(p.t, json.Unmarshal([]byte(p.read(res, http.StatusOK)), &task))
	require.True(p.t, task.Ukey, "a Ukey of %s counts", task.Login)
	p.page, p.at = here, at
	approval, err := json.Marshal(map[string]any{"at": task.At, "kind": "sm2", "signature": p.touch(task.Login, task.Message)})
	require.NoError(p.t, err)
	form.Set("approval", string(approval))
	return p.post(path, form)
}

// touch is the Ukey of a person at work.
func (p *person) touch(login string, message []byte) []byte {
	p.t.Helper()
	body, err := json.Marshal(map[string]any{"login": login, "message": message})
	require.NoError(p.t, err)
	res, err := http.Post(p.agent+"/v1/sign", "application/json", bytes.NewReader(body))
	require.NoError(p.t, err)
	defer func() { require.NoError(p.t, res.Body.Close()) }()
	require.Equal(p.t, http.StatusOK, res.StatusCode, login)
	var out struct{ Signature []byte }
	require.NoError(p.t, json.NewDecoder(res.Body).Decode(&out))
	return out.Signature
}

// agent is where the Ukeys of this house are asked.
func (h *house) agent() string {
	h.t.Helper()
	m, err := ports.Read(h.demoFile("ports.json"))
	require.NoError(h.t, err)
	require.NotEmpty(h.t, m.Get(ports.Ukey))
	return m.Get(ports.Ukey)
}

// approvesByKeyboard presses 通过 at a case whose list is ticked: while the agent on this PC cannot be reached a sentence
// says what to do and nothing is lost; then one press signs and sends.
func (d *desk) approvesByKeyboard(no string) {
	d.t.Helper()
	d.do(chromedp.Evaluate[chromedp.Void](`window.agent = document.body.dataset.agent; document.body.dataset.agent = "http://127.0.0.1:1"`))
	d.key("a")
	d.until(`document.querySelector("#problem [role=alert]")?.innerText.includes("Ukey 签名程序没有运行") === true`)
	ticked, err := chromedp.Run(d.ctx, chromedp.Evaluate[int](`document.querySelectorAll("input[name=checks]:checked").length`))
	require.NoError(d.t, err)
	require.Equal(d.t, 6, ticked, "what was ticked is ticked")
	d.until(`location.pathname === "/orders/` + no + `" && !document.querySelector("[aria-busy]")`)
	d.do(chromedp.Evaluate[chromedp.Void](`document.body.dataset.agent = window.agent`))
	d.key("a")
	d.until(`location.pathname === "/queue"`)
}
