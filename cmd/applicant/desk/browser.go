package desk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// browser is one person's browser, without scripts: pages, cookies and forms.
type browser struct {
	base   *url.URL
	client *http.Client
	log    *slog.Logger
	resent bool // a form was sent more than once; the first one may have had its effect
}

func newBrowser(base string, transport http.RoundTripper, log *slog.Logger) (*browser, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%q is no address of a console", base)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("open browser: %w", err)
	}
	return &browser{base: u, client: &http.Client{Jar: jar, Timeout: 30 * time.Second, Transport: transport}, log: log}, nil
}

// longestPause is between two tries of a request.
const longestPause = 5 * time.Second

// serverTries is how often a page is asked for that the server fails to make. One that cannot be reached, or asks for
// patience, is waited for as long as the desk is open.
const serverTries = 8

// get opens a page.
func (b *browser) get(ctx context.Context, ref string) (*page, error) {
	status, at, body, err := b.fetch(ctx, http.MethodGet, ref, "", nil)
	if err != nil {
		return nil, err
	}
	return newPage(status, at, string(body))
}

// image opens a picture.
func (b *browser) image(ctx context.Context, ref string) ([]byte, error) {
	status, _, body, err := b.fetch(ctx, http.MethodGet, ref, "", nil)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("picture %s: answer %d", ref, status)
	}
	return body, err
}

// submit sends a form to an address it offers and opens the page it leads to.
func (b *browser) submit(ctx context.Context, f *form, action string) (*page, error) {
	method, err := f.method()
	if err != nil {
		return nil, err
	}
	contentType, body, err := f.encode()
	if err != nil {
		return nil, fmt.Errorf("fill in form: %w", err)
	}
	status, at, answer, err := b.fetch(ctx, method, f.page.resolve(action), contentType, body)
	if err != nil {
		return nil, err
	}
	return newPage(status, at, string(answer))
}

// fetch asks until there is an answer that is no failure of the server. A form whose answer was lost is sent again: the
// console takes each act once.
func (b *browser) fetch(ctx context.Context, method, ref, contentType string, body []byte) (int, *url.URL, []byte, error) {
	where, err := b.base.Parse(ref)
	if err != nil {
		return 0, nil, nil, fmt.Errorf("open page: %w", err)
	}
	if where.Host != b.base.Host { // staff do not follow links out of the console
		return 0, nil, nil, fmt.Errorf("open page: %s leads elsewhere", ref)
	}
	for try := 1; ; try++ {
		status, at, answer, wait, err := b.once(ctx, method, where.String(), contentType, body)
		if err == nil && wait == 0 {
			return status, at, answer, nil
		}
		if ctx.Err() != nil {
			return 0, nil, nil, ctx.Err()
		}
		if status >= 500 && status != http.StatusServiceUnavailable && try >= serverTries {
			return 0, nil, nil, fmt.Errorf("%s %s: answer %d", method, ref, status)
		}
		b.resent = b.resent || method == http.MethodPost
		wait = max(wait, min(time.Duration(try)*250*time.Millisecond, longestPause))
		b.log.WarnContext(ctx, "trying again", "method", method, "page", ref, "status", status, "wait", wait, "error", err)
		if err := sleep(ctx, wait); err != nil {
			return 0, nil, nil, err
		}
	}
}

// once is one try. A wait > 0 means: again after that time.
func (b *browser) once(ctx context.Context, method, address, contentType string, body []byte) (int, *url.URL, []byte, time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, 0, fmt.Errorf("open page: %w", err)
	}
	req.Header.Set("Accept-Language", "zh-CN")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := b.client.Do(req)
	if err != nil {
		return 0, nil, nil, 0, err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 32<<20))
	switch {
	case err != nil:
		return 0, nil, nil, 0, err
	case res.StatusCode == http.StatusTooManyRequests:
		return res.StatusCode, nil, nil, retryAfter(res.Header), nil
	case res.StatusCode >= 500:
		return res.StatusCode, nil, nil, retryAfter(res.Header), nil
	}
	return res.StatusCode, res.Request.URL, answer, 0, nil
}

// retryAfter reads the header in seconds; without one it is half a second.
func retryAfter(h http.Header) time.Duration {
	if s, err := strconv.Atoi(h.Get("Retry-After")); err == nil && s > 0 {
		return time.Duration(s) * time.Second
	}
	return 500 * time.Millisecond
}

// errRefused says that the console does not let somebody in.
var errRefused = errors.New("log-in refused")

// logIn fills in the log-in form. now says the time; used is the time step of the last code, and each is good once. The
// step that was used is returned.
func (b *browser) logIn(ctx context.Context, m Member, now func() time.Time, used int64) (int64, error) {
	const step = int64(codeStep / time.Second)
	p, err := b.get(ctx, "/login")
	if err != nil {
		return used, err
	}
	f := p.form("/login")
	if f == nil {
		return used, fmt.Errorf("%w: no log-in form at %s", errRefused, p.at)
	}
	at := max(now().Unix()/step, used+1)
	for at > now().Unix()/step+1 { // a clock may be one step ahead
		if err := sleep(ctx, time.Second); err != nil {
			return used, err
		}
	}
	code, err := oneTimeCode(m.Secret, time.Unix(at*step, 0))
	if err != nil {
		return used, err
	}
	f.values.Set("login", m.Login)
	f.values.Set("password", m.Password)
	f.values.Set("code", code)
	if p, err = b.submit(ctx, f, "/login"); err != nil {
		return used, err
	}
	if p.status != http.StatusOK || p.at.Path == "/login" {
		return at, fmt.Errorf("%w: %s", errRefused, strings.TrimSpace(p.said()))
	}
	return at, nil
}

// sleep waits or ends with ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
