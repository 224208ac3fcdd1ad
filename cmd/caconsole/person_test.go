package main

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// person is a member of staff at a browser without JavaScript: pages, cookies and forms.
type person struct {
	t      *testing.T
	url    string
	agent  string // of the Ukeys
	client *http.Client
	page   string // the last page's text
	at     string // and where it is
}

// logIn logs the n-th person of a role in with password and one-time code.
func (h *house) logIn(role string, n int) *person {
	h.t.Helper()
	var rows []map[string]string
	for _, row := range h.table("staff.tsv") {
		if row["role"] == role {
			rows = append(rows, row)
		}
	}
	require.Greater(h.t, len(rows), n, "people with the role %s", role)
	jar, err := cookiejar.New(nil)
	require.NoError(h.t, err)
	p := &person{t: h.t, url: h.url, agent: h.agent(), client: &http.Client{Jar: jar, Timeout: patience}}
	p.get("/login")
	p.post("/login", url.Values{"login": {rows[n]["login"]}, "password": {rows[n]["password"]}, "code": {h.code(rows[n])}})
	require.Equal(h.t, "/home", p.at, "log-in of %s: %s", rows[n]["login"], p.page)
	return p
}

func (p *person) get(path string) string {
	p.t.Helper()
	res, err := p.client.Get(p.url + path)
	require.NoError(p.t, err)
	return p.read(res, http.StatusOK)
}

func (p *person) read(res *http.Response, want int) string {
	p.t.Helper()
	body, err := io.ReadAll(res.Body)
	require.NoError(p.t, err)
	require.NoError(p.t, res.Body.Close())
	require.Equal(p.t, want, res.StatusCode, "%s %s: %s", res.Request.Method, res.Request.URL.Path, text(string(body)))
	p.page, p.at = string(body), res.Request.URL.Path
	return p.page
}

// field finds the value of a hidden input of the last page.
func (p *person) field(name string) string {
	p.t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(p.page)
	require.NotNil(p.t, m, "no field %s in %s", name, p.at)
	return m[1]
}

// post sends a form of the last page and follows where it leads.
func (p *person) post(path string, form url.Values) string {
	p.t.Helper()
	form.Set("csrf", p.field("csrf"))
	res, err := p.client.PostForm(p.url+path, form)
	require.NoError(p.t, err)
	return p.read(res, http.StatusOK)
}

// refused sends a form that is not accepted and returns the page that says why.
func (p *person) refused(path string, form url.Values, status int) string {
	p.t.Helper()
	form.Set("csrf", p.field("csrf"))
	res, err := p.client.PostForm(p.url+path, form)
	require.NoError(p.t, err)
	return p.read(res, status)
}

// upload sends a file in a form of the last page.
func (p *person) upload(path, field, name string, body []byte) string {
	p.t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	require.NoError(p.t, w.WriteField("csrf", p.field("csrf")))
	part, err := w.CreateFormFile(field, name)
	require.NoError(p.t, err)
	_, err = part.Write(body)
	require.NoError(p.t, err)
	require.NoError(p.t, w.Close())
	res, err := p.client.Post(p.url+path, w.FormDataContentType(), &form)
	require.NoError(p.t, err)
	return p.read(res, http.StatusOK)
}

var tags = regexp.MustCompile(`(?s)<head>.*?</head>|<[^>]*>`)

// text strips a page of its markup, for messages of failed tests.
func text(page string) string {
	s := regexp.MustCompile(`\s+`).ReplaceAllString(tags.ReplaceAllString(page, " "), " ")
	if len(s) > 2000 {
		s = s[:2000]
	}
	return s
}
