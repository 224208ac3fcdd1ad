package renew

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"caconsole/cmd/applicant/outbox"
	"caconsole/cmd/applicant/ports"
)

var digits = regexp.MustCompile(`\d{4,8}`)

// logIn asks for a code, reads it from the phone and exchanges it for a token.
func (r *robot) logIn(ctx context.Context) error {
	before, err := r.codes(ctx)
	if err != nil {
		return err
	}
	if _, err := r.api.call(ctx, http.MethodPost, "/login/codes", map[string]string{"phone": r.agent.Phone}, nil); err != nil {
		return err
	}
	var code string
	for code == "" {
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		now, err := r.codes(ctx)
		if err != nil {
			return err
		}
		if len(now) > len(before) {
			code = digits.FindString(now[len(now)-1].Text)
		}
	}
	var session struct {
		Token string `json:"token"`
	}
	if _, err := r.api.call(ctx, http.MethodPost, "/login", map[string]string{"phone": r.agent.Phone, "code": code}, &session); err != nil {
		return err
	}
	r.api.token = session.Token
	return nil
}

// codes are the login codes on the agent's phone, oldest first.
func (r *robot) codes(ctx context.Context) ([]outbox.Message, error) {
	q := url.Values{"channel": {outbox.SMS}, "to": {r.agent.Phone}, "template": {"login_code"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.ports.Get(ports.SMS)+"/_sim/messages?"+q.Encode(), nil)
	if err != nil {
		return nil, fmt.Errorf("read phone: %w", err)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("read phone: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	var out []outbox.Message
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return nil, fmt.Errorf("read phone: %w", err)
	}
	return out, nil
}

// consent reads the agreements in force and agrees to all of them: the reviewed path needs the one on biometrics too.
func (r *robot) consent(ctx context.Context) error {
	var in struct {
		Agreements []struct {
			Code    string `json:"code"`
			Version int    `json:"version"`
			Title   string `json:"title"`
		} `json:"agreements"`
	}
	if _, err := r.api.call(ctx, http.MethodGet, "/agreements", nil, &in); err != nil {
		return err
	}
	type agreed struct {
		Code    string `json:"code"`
		Version int    `json:"version"`
	}
	codes := []agreed{}
	for _, a := range in.Agreements {
		codes = append(codes, agreed{a.Code, a.Version})
		r.opt.Log.InfoContext(ctx, "agreed", "title", a.Title, "version", a.Version)
	}
	_, err := r.api.call(ctx, http.MethodPost, "/consents", map[string]any{"codes": codes}, nil)
	return err
}
