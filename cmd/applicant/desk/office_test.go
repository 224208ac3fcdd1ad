package desk

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
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
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/ukey"
)

// testSecret is the TOTP secret of everybody in these tests, and testPassword the password.
const (
	testSecret   = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	testPassword = "open sesame"
)

// office is a console of a few lines with the pages and forms of the real one.
type office struct {
	*httptest.Server
	now func() time.Time

	mu        sync.Mutex
	sessions  map[string]string          // cookie → login
	used      map[string]map[string]bool // one-time codes by login
	queue     []string
	held      map[string]string            // order → login
	papers    map[string]map[string][]byte // order → kind → page image
	pending   int                          // how often page images are not made yet
	toIssue   []string
	poisoned  string // the order that no batch may hold
	agent     *ukey.Agent
	keys      map[string]*sm2.PrivateKey // of the Ukeys at the agent, by login
	unplugged int                        // so many signatures are asked for while there is no agent
	credits   string                     // the bench, HTML
	lose      string                     // the line breaks at the first requests for this page
	losses    int                        // so many of them: a browser tries once more by itself
	down      int                        // so many requests are answered 502, a lost line, 503 in turn
	viewed    []string
	decided   []string
	issued    [][]string
	uploads   []string
	committed []string
	allocated []string
}

func newOffice(t *testing.T, now func() time.Time) *office {
	t.Helper()
	o := &office{now: now, sessions: map[string]string{}, used: map[string]map[string]bool{}, held: map[string]string{}, papers: map[string]map[string][]byte{}}
	o.plugIn(t)
	o.Server = httptest.NewServer(http.HandlerFunc(o.serve))
	t.Cleanup(o.Close)
	return o
}

const csrf = `<input type="hidden" name="csrf" value="token">`

func (o *office) serve(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r.URL.Path == o.lose && o.losses > 0 {
		o.losses--
		panic(http.ErrAbortHandler)
	}
	if o.down > 0 && r.URL.Path != "/login" {
		if o.down--; o.down%3 == 1 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader([]int{http.StatusBadGateway, 0, http.StatusServiceUnavailable}[o.down%3])
		return
	}
	if r.Method == http.MethodPost && r.PostFormValue("csrf") != "token" && r.FormValue("csrf") != "token" {
		o.html(w, 403, "<h1>页面已过期</h1>")
		return
	}
	if r.URL.Path == "/login" {
		o.login(w, r)
		return
	}
	cookie, err := r.Cookie("session")
	if err != nil || o.sessions[cookie.Value] == "" {
		http.Redirect(w, r, "/login?next="+r.URL.Path, http.StatusSeeOther)
		return
	}
	o.staff(w, r, o.sessions[cookie.Value])
}

func (o *office) html(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<!doctype html><html><body>"+body+"</body></html>")
}

func (o *office) login(w http.ResponseWriter, r *http.Request) {
	form := `<form method="post" action="/login">` + csrf + `<input name="login"><input name="password" type="password"><input name="code"></form>`
	if r.Method == http.MethodGet {
		o.html(w, 200, form)
		return
	}
	login, code := r.PostFormValue("login"), r.PostFormValue("code")
	right := false
	for _, at := range []time.Time{o.now(), o.now().Add(codeStep)} {
		want, _ := oneTimeCode(testSecret, at)
		right = right || code == want
	}
	if o.used[login] == nil {
		o.used[login] = map[string]bool{}
	}
	if !right || o.used[login][code] || r.PostFormValue("password") != testPassword {
		o.html(w, 401, `<div class="banner" role="alert">登录名、密码或动态口令不正确</div>`+form)
		return
	}
	o.used[login][code] = true
	token := fmt.Sprint("s", len(o.sessions))
	o.sessions[token] = login
	http.SetCookie(w, &http.Cookie{Name: "session", Value: token, Path: "/"})
	http.Redirect(w, r, "/home", http.StatusSeeOther)
}

func (o *office) staff(w http.ResponseWriter, r *http.Request, who string) {
	switch at := r.URL.Path; {
	case at == "/home":
		o.html(w, 200, "home")
	case at == "/queue":
		o.list(w, r, who)
	case at == "/queue/next":
		if len(o.queue) == 0 {
			http.Redirect(w, r, "/queue", http.StatusSeeOther)
			return
		}
		no := o.queue[0]
		o.queue, o.held[no] = o.queue[1:], who
		http.Redirect(w, r, "/orders/"+no, http.StatusSeeOther)
	case strings.HasPrefix(at, "/orders/"):
		o.order(w, r, who, strings.Split(strings.TrimPrefix(at, "/orders/"), "/"))
	case strings.HasPrefix(at, "/issuance"):
		o.issuance(w, r, who)
	case strings.HasPrefix(at, "/statements"):
		o.statements(w, r, who)
	case at == "/matching":
		o.html(w, 200, o.credits)
	case at == "/matching/allocations":
		o.allocated = append(o.allocated, r.PostFormValue("line")+" "+r.PostFormValue("no"))
		o.credits = ""
		http.Redirect(w, r, "/matching", http.StatusSeeOther)
	default:
		o.html(w, 404, "<h1>没有这个页面</h1>")
	}
}

func (o *office) list(w http.ResponseWriter, r *http.Request, who string) {
	rows := ""
	if r.URL.Query().Get("tab") == "mine" {
		for no, holder := range o.held {
			if holder == who {
				rows += `<tr data-row><td><a href="/orders/` + no + `" data-open>打开</a></td></tr>`
			}
		}
	} else {
		for _, no := range o.queue {
			rows += `<tr data-row><td><a href="/orders/` + no + `" data-open>查看</a></td></tr>`
		}
	}
	o.html(w, 200, `<form method="post" action="/queue/next">`+csrf+`<button>领取下一单</button></form><table>`+rows+`</table>`)
}

// order is a case: its page, its images and its verdicts.
func (o *office) order(w http.ResponseWriter, r *http.Request, who string, part []string) {
	no := part[0]
	switch {
	case len(part) == 1:
		o.html(w, 200, o.casePage(no, who, r.URL.Query().Get("paper"), r.URL.Query().Get("page")))
	case part[1] == "papers" || part[1] == "faces":
		o.viewed = append(o.viewed, r.URL.Path)
		if part[1] == "papers" {
			_, _ = w.Write(o.papers[no][part[2]])
		}
	case o.held[no] != who:
		o.html(w, 409, `<div role="alert">本单已由别人处理</div>`)
	case strings.HasSuffix(r.URL.Path, "/to-sign"):
		o.toSign(w, who, "review", no)
	case part[1] == "approve" && !o.isSigned(w, r, who, "review", no):
	default:
		delete(o.held, no)
		said := part[1] + " " + no
		for _, name := range []string{"version", "digest", "items", "checks", "typed"} {
			if v := r.PostForm[name]; len(v) > 0 && v[0] != "" {
				said += " " + name + "=" + strings.Join(v, ",")
			}
		}
		o.decided = append(o.decided, said)
		if part[1] == "approve" {
			o.toIssue = append(o.toIssue, no)
		}
		http.Redirect(w, r, "/queue", http.StatusSeeOther)
	}
}

// kinds are the papers of a case, in the order of the tabs.
var kinds = []string{formKind, licenceKind, "remittance_voucher"}

func (o *office) casePage(no, who, paper, page string) string {
	if paper == "" {
		paper = kinds[0]
	}
	var b strings.Builder
	b.WriteString(`<h2 class="company">` + testCompany + `</h2><section id="papers"><nav class="tabs">`)
	for _, kind := range kinds {
		fmt.Fprintf(&b, `<a href="/orders/%s?paper=%s">%s</a>`, no, kind, kind)
	}
	b.WriteString(`</nav>`)
	if o.pending > 0 {
		o.pending--
		fmt.Fprintf(&b, `<div class="empty card" hx-get="/orders/%s" hx-trigger="load delay:3s">页面图像正在生成</div>`, no)
	} else {
		fmt.Fprintf(&b, `<figure class="paper"><img src="/orders/%s/papers/%s/%s"></figure>`, no, paper, page)
		if paper == formKind && page == "" {
			fmt.Fprintf(&b, `<a data-key="BracketRight" href="/orders/%s?paper=%s&amp;page=2">]</a>`, no, paper)
		}
	}
	fmt.Fprintf(&b, `</section><span class="person"><img src="/orders/%s/faces/1/card"></span>`, no)
	if o.held[no] != who {
		return b.String()
	}
	fmt.Fprintf(&b, `<label><input type="checkbox" form="verdict" name="checks" value="stamp_clear"></label><input type="checkbox" form="verdict" name="checks" value="person">
<form id="verdict" method="post" action="/orders/%[1]s/approve">%[2]s<input type="hidden" name="version" value="3"><input type="hidden" name="digest" value="d1">
<input type="checkbox" name="items" value="application_form:stamp_unclear"><input type="checkbox" name="items" value="business_licence:stamp_missing">
<textarea name="customer_text"></textarea><button formaction="/orders/%[1]s/return">退回</button><button disabled data-sign="/orders/%[1]s/approve/to-sign">通过</button></form>
<input name="typed" form="verdict"><textarea name="reject_text" form="verdict"></textarea><button form="verdict" formaction="/orders/%[1]s/reject">驳回</button>`, no, csrf)
	return b.String()
}

func (o *office) issuance(w http.ResponseWriter, r *http.Request, who string) {
	if r.Method == http.MethodPost {
		batch := r.PostForm["orders"]
		if slices.Contains(batch, o.poisoned) {
			o.html(w, 409, `<div role="alert">有订单的状态已变</div>`)
			return
		}
		if r.URL.Path == "/issuance/to-sign" {
			o.toSign(w, who, "issue", batch...)
			return
		}
		if !o.isSigned(w, r, who, "issue", batch...) {
			return
		}
		o.issued = append(o.issued, batch)
		o.toIssue = slices.DeleteFunc(o.toIssue, func(no string) bool { return slices.Contains(batch, no) })
		http.Redirect(w, r, "/issuance", http.StatusSeeOther)
		return
	}
	rows := `<input type="checkbox" name="orders" value="R9" disabled>`
	for _, no := range o.toIssue {
		rows += `<input type="checkbox" name="orders" value="` + no + `">`
	}
	o.html(w, 200, `<form method="post" action="/issuance/confirm">`+csrf+rows+`<button data-sign="/issuance/to-sign">确认签发</button></form>`)
}

func (o *office) statements(w http.ResponseWriter, r *http.Request, who string) {
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/statements":
		f, head, err := r.FormFile("file")
		if err != nil {
			o.html(w, 422, `<div class="field-error">请选择文件</div>`)
			return
		}
		body, _ := io.ReadAll(f)
		if o.uploads = append(o.uploads, head.Filename+" "+string(body)); string(body) == "nonsense" || who == "finance_lead1" {
			o.html(w, 422, `<div class="field-error">没有找到认识的表头</div>`)
			return
		}
		http.Redirect(w, r, "/statements/7", http.StatusSeeOther)
	case r.Method == http.MethodPost:
		o.committed = append(o.committed, r.URL.Path)
		http.Redirect(w, r, "/statements/7", http.StatusSeeOther)
	case r.URL.Path == "/statements/7":
		o.html(w, 200, `<form method="post" action="/statements/7/commit">`+csrf+`</form>`)
	default:
		o.html(w, 200, `<form method="post" action="/statements" enctype="multipart/form-data">`+csrf+`<input type="file" name="file"></form>`)
	}
}

// plugIn starts the agent with the Ukeys of a reviewer and an issuer.
func (o *office) plugIn(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	o.keys = map[string]*sm2.PrivateKey{}
	for _, login := range []string{"reviewer1", "issuer1"} {
		key, err := sm2.GenerateKey(rand.Reader)
		require.NoError(t, err)
		der, err := smx509.MarshalPKCS8PrivateKey(key)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, login+".pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
		o.keys[login] = key
	}
	var err error
	o.agent, err = ukey.Start(t.Context(), ukey.Options{Listen: "127.0.0.1:0", Keys: dir, Origin: "http://console.test", Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- o.agent.Serve(ctx) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-ended) })
}

// whereAgent is what the desk finds in its ports file.
func (o *office) whereAgent() (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.unplugged > 0 {
		o.unplugged--
		return "http://127.0.0.1:1", nil
	}
	return o.agent.URL(), nil
}

// message is what is signed about orders.
func message(duty, at string, orders []string) []byte {
	return []byte("caconsole/approve/1\n" + duty + "\n" + at + "\n" + strings.Join(orders, ","))
}

func (o *office) toSign(w http.ResponseWriter, who, duty string, orders ...string) {
	at := o.now().UTC().Format(time.RFC3339)
	_ = json.NewEncoder(w).Encode(map[string]any{"duty": duty, "at": at, "login": who, "message": message(duty, at, orders), "ukey": true})
}

// isSigned checks the signature of a form, and refuses one without.
func (o *office) isSigned(w http.ResponseWriter, r *http.Request, who, duty string, orders ...string) bool {
	var a approval
	err := json.Unmarshal([]byte(r.PostFormValue("approval")), &a)
	if err == nil && a.Kind == "sm2" && sm2.VerifyASN1WithSM2(&o.keys[who].PublicKey, nil, message(duty, a.At, orders), a.Signature) {
		return true
	}
	o.html(w, 422, `<div role="alert">没有签名</div>`)
	return false
}
