package renew

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"caconsole/cmd/applicant/outbox"
	"caconsole/cmd/applicant/ports"
)

var digits = regexp.MustCompile(`\d{4,8}`)

// A code that does not come within smsPatience is asked for again, codeTries times at most; the console lets a phone
// ask five times in ten minutes.
const (
	smsPatience = 40 * time.Second
	codeTries   = 4
)

// errNoCode says that no SMS came.
var errNoCode = errors.New("no login code came by SMS")

// logIn asks for a code, reads it from the phone and exchanges it for a token. A code that came late or not at all is
// asked for anew, as people do.
func (r *robot) logIn(ctx context.Context) error {
	for try := 1; ; try++ {
		err := r.logInOnce(ctx)
		if !errors.Is(err, errNoCode) || try == codeTries {
			return err
		}
		r.opt.Log.WarnContext(ctx, "asking for another login code", "error", err)
	}
}

func (r *robot) logInOnce(ctx context.Context) error {
	before, err := r.codes(ctx)
	if err != nil {
		return err
	}
	if _, err := r.api.call(ctx, http.MethodPost, "/login/codes", map[string]string{"phone": r.agent.Phone}, nil); err != nil {
		return err
	}
	var session struct {
		Token string `json:"token"`
	}
	for seen := len(before); ; {
		code, now, err := r.readCode(ctx, seen)
		if err != nil {
			return err
		}
		_, err = r.api.call(ctx, http.MethodPost, "/login", map[string]string{"phone": r.agent.Phone, "code": code}, &session)
		if !codeWrong(err) {
			r.api.token = session.Token
			return err
		}
		seen = now // it was an earlier code that came late: the one asked for is still on its way
	}
}

func codeWrong(err error) bool {
	var p *Problem
	return errors.As(err, &p) && p.Code == "login_code_wrong"
}

// readCode looks at the phone until there are more than seen codes on it, and tells how many there are.
func (r *robot) readCode(ctx context.Context, seen int) (code string, now int, err error) {
	pause := 100 * time.Millisecond
	for waited := time.Duration(0); waited < smsPatience; waited += pause {
		if err := sleep(ctx, pause); err != nil {
			return "", 0, err
		}
		all, err := r.codes(ctx)
		if err != nil {
			return "", 0, err
		}
		if len(all) > seen {
			return digits.FindString(all[len(all)-1].Text), len(all), nil
		}
		pause = min(pause*3/2, time.Second)
	}
	return "", 0, errNoCode
}

// codes are the login codes on the agent's phone, oldest first.
func (r *robot) codes(ctx context.Context) ([]outbox.Message, error) {
	q := url.Values{"channel": {outbox.SMS}, "to": {r.agent.Phone}, "template": {"login_code"}}
	var out []outbox.Message
	err := r.outside(ctx, http.MethodGet, r.at(ports.SMS, "/_sim/messages?"+q.Encode()), "", nil, func(resp *http.Response) error {
		return json.NewDecoder(resp.Body).Decode(&out)
	})
	if err != nil {
		return nil, fmt.Errorf("read phone: %w", err)
	}
	return out, nil
}

// agreement is one text to agree to.
type agreement struct {
	Code      string `json:"code"`
	Version   int    `json:"version"`
	Title     string `json:"title,omitempty"`
	Sensitive bool   `json:"sensitive,omitempty"`
}

// consent agrees to the texts in force: to the sensitive one, on biometrics, or to all others. Who renews online has no
// face taken and is not asked for it.
func (r *robot) consent(ctx context.Context, sensitive bool) error {
	var in struct {
		Agreements []agreement `json:"agreements"`
	}
	if _, err := r.api.call(ctx, http.MethodGet, "/agreements", nil, &in); err != nil {
		return err
	}
	codes := []agreement{}
	for _, a := range in.Agreements {
		if a.Sensitive != sensitive {
			continue
		}
		codes = append(codes, agreement{Code: a.Code, Version: a.Version})
		r.opt.Log.InfoContext(ctx, "agreed", "title", a.Title, "version", a.Version)
	}
	if len(codes) == 0 {
		return nil
	}
	_, err := r.api.call(ctx, http.MethodPost, "/consents", map[string]any{"codes": codes}, nil)
	return err
}
