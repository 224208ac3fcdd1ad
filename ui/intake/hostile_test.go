package intake_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/throttle"
	"caconsole/ui/intake"
)

// The inputs nobody means well with.
var (
	hostileBodies = []string{
		"", " ", "null", "true", "0", `""`, "[]", "{}", "{", "}", "{}{}", "\x00", "\xff\xfe{\x00}\x00", "\xef\xbb\xbf{}", `{"a":"` + "\xc3\x28" + `"}`,
		`{"":""}`, `{"a":1e999}`, `{"a":-0}`, `{"__proto__":{"x":1}}`, `{"a":"\ud800"}`, `{"a":"\u0000"}`,
		strings.Repeat(`{"a":`, 12_000), strings.Repeat("[", 60_000), `{"a":"` + strings.Repeat("x", 60_000) + `"}`, "a=b&c=d",
		"<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
		"--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"../../x\"\r\n\r\nb\r\n--x--\r\n", "%PDF-1.7\n%%EOF", "\xff\xd8\xff\xe0", "\x89PNG\r\n\x1a\n",
	}
	hostileValues = []any{
		nil, true, -1, json.Number("1e400"),
		[]any{nil},
		map[string]any{},
		"", "a\x00b", "\u202e\u200b", "'; DROP TABLE orders; --", "../../etc/passwd",
		strings.Repeat("汉", 3000), "9999999999999999999999999",
	}
	hostileParts = []string{
		"%00", "%ff", "%c3%28", "..%2f..%2fetc%2fpasswd", "%25", "'%20OR%201=1--", strings.Repeat("4", 3000), "%E6%B1%89%E5%AD%97", "-1", "%20", "*", "R000000000000", "%0d%0aX:1",
	}
	hostileHeaders = [][2]string{
		{"Content-Type", ""},
		{"Content-Type", "application/json; charset=utf-16"},
		{"Content-Type", "multipart/form-data"},
		{"Content-Type", strings.Repeat("a", 3000)},
		{"Content-Encoding", "gzip"},
		{"Content-Encoding", "br"},
		{"Idempotency-Key", ""},
		{"Idempotency-Key", strings.Repeat("k", 3000)},
		{"Idempotency-Key", "汉"},
		{"Accept-Language", strings.Repeat("zh;q=0.1,", 300)},
		{"Accept-Language", "x-y-z;q=NaN"},
		{"Range", "bytes=-9223372036854775809"},
		{"Range", "bytes=5-1"},
		{"If-None-Match", strings.Repeat(`"a",`, 900)},
		{"If-Range", "Mon"},
		{"Authorization", "Bearer"},
		{"Authorization", "Bearer " + strings.Repeat("t", 3000)},
		{"Authorization", "Basic Og=="},
		{"X-Forwarded-For", "' OR 1=1, ::1"},
		{"X-Forwarded-Host", "evil.example"},
		{"X-HTTP-Method-Override", "DELETE"},
		{"Accept", "image/*"},
	}
)

// TestHostileRequests sends what nobody should to every route of the table: whole bodies, single values in the place of
// each value of an example, parts of the path, headers, methods. No answer may be our own failure, and each is held
// against the document, which knows no refusal without a code.
func TestHostileRequests(t *testing.T) {
	h := newHall(t)
	// A clock that runs away from the rate limits, which would keep all but the first from arriving.
	var hours atomic.Int64
	h.flow.Throttle = throttle.New(h.flow.DB, func() time.Time { return monday.Add(time.Duration(hours.Add(1)) * time.Hour) })
	c := h.login(phoneA).consent()
	pair := h.expired("3888000000000001")
	values := map[string]string{
		"no": c.post("/api/v1/orders", application(pair)).ok(http.StatusCreated).text("no"), "kind": "remittance_voucher",
		"serial": string(pair.Sign.Serial), "id": uuid.NewString(), "vendor": "played", "name": "x",
	}
	h.work()
	for _, r := range intake.Routes() {
		t.Run(r.Method+r.Path, func(t *testing.T) {
			a := attack{client: c, route: r, values: values}
			a.t = t
			a.bodies()
			a.examples()
			a.paths()
			a.headers()
		})
	}
	require.Equal(t, values["no"], c.get("/api/v1/orders/"+values["no"]).ok(http.StatusOK).text("no"))
}

// attack is what is done to one route.
type attack struct {
	client
	route  intake.Route
	values map[string]string
}

func (a attack) send(path string, body any, headers ...string) {
	a.t.Helper()
	r := a.call(a.route.Method, path, body, headers...)
	require.Less(a.t, r.status, http.StatusInternalServerError, "%s %.200s %.200v %.200v: %s", a.route.Method, path, body, headers, r.body)
}

func (a attack) path() string { return fill(a.route.Path, a.values) }

func (a attack) operation() operation {
	_, op, found := readDescription(a.t).operation(a.route.Method, a.path())
	require.True(a.t, found)
	return op
}

func (a attack) bodies() {
	bodies, kind := hostileBodies, contentType(a.operation())
	if a.route.Method == http.MethodGet {
		bodies = []string{"{", strings.Repeat("x", 60_000)} // nobody reads them
	}
	for _, body := range bodies {
		a.send(a.path(), body)
		if kind != "application/json" {
			a.send(a.path(), body, "Content-Type", kind)
		}
	}
}

// examples sends the document's examples with one value changed for the worse, or gone, or one too many.
func (a attack) examples() {
	op := a.operation()
	if op.RequestBody == nil {
		return
	}
	content, ok := op.RequestBody.Content["application/json"]
	if !ok {
		return
	}
	var whole map[string]any
	require.NoError(a.t, json.Unmarshal(content.Examples[readDescription(a.t).first(content)].Value, &whole))
	if _, ok := whole["serial"]; ok {
		whole["serial"] = a.values["serial"]
	}
	a.spoil(whole, whole)
}

// spoil walks an object and sends the whole with each of its values changed.
func (a attack) spoil(whole, part map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(part)) {
		right := part[name]
		for _, wrong := range hostileValues {
			part[name] = wrong
			a.send(a.path(), whole)
		}
		delete(part, name)
		a.send(a.path(), whole)
		part[name] = right
		if inner, ok := right.(map[string]any); ok {
			a.spoil(whole, inner)
		}
	}
}

func (a attack) paths() {
	for _, p := range param.FindAllStringSubmatch(a.route.Path, -1) {
		for _, part := range hostileParts {
			values := maps.Clone(a.values)
			values[p[1]] = part
			a.send(fill(a.route.Path, values), nil)
		}
	}
	if a.route.Method != http.MethodPut {
		a.send(a.path()+"?code=%00&payer=%ff", nil)
		return
	}
	page := scan(a.t, 200)
	for _, part := range hostileParts {
		a.send(a.path()+"?payer="+part+"&amount_fen=1&paid_on=2026-11-22", page)
		a.send(a.path()+"?payer=x&amount_fen="+part+"&paid_on="+part, page)
	}
	for _, fen := range []string{"-1", "0", "9223372036854775807", "1e3", "NaN", "١"} {
		a.send(a.path()+"?payer=x&paid_on=9999-12-31&amount_fen="+url.QueryEscape(fen), page)
	}
}

func (a attack) headers() {
	for _, h := range hostileHeaders {
		a.send(a.path(), "{}", h[0], h[1])
	}
}

// TestBrokenHTTP: what is no HTTP at all, or almost, ends in a refusal or a closed connection, and the app goes on.
func TestBrokenHTTP(t *testing.T) {
	h := newHall(t)
	for _, raw := range []string{
		"\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02\x00\x01", "POST /api/v1/login HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
		"POST /api/v1/login HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", "POST /api/v1/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
		"POST /api/v1/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("h", 70_000) + "\r\n\r\n",
		"TRACE /api/v1/orders HTTP/1.1\r\nHost: a\r\n\r\n", "DELETE /api/v1/orders HTTP/1.1\r\nHost: a\r\n\r\n", "GET http://evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(h.base, "http://"))
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(2*time.Second)))
		_, err = io.Copy(conn, strings.NewReader(raw))
		if err == nil {
			_ = conn.(*net.TCPConn).CloseWrite() // where the app has not hung up already
			if answer, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
				body, _ := io.ReadAll(answer.Body)
				require.Less(t, answer.StatusCode, http.StatusInternalServerError, "%.80q", raw)
				require.NoError(t, answer.Body.Close())
				require.False(t, answer.StatusCode >= 400 && !bytes.Contains(body, []byte(`"code"`)), "%.80q: %s %s", raw, strconv.Itoa(answer.StatusCode), body)
			}
		}
		_ = conn.Close()
	}
	require.Equal(t, "ok", h.visitor().get("/healthz").ok(http.StatusOK).text("status"))
}
