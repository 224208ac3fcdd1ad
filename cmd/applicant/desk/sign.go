package desk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// errNoAgent says that no Ukey agent is known or running.
var errNoAgent = errors.New("the Ukey agent cannot be reached")

// task is what the console says is to be signed.
type task struct {
	At      string `json:"at"`
	Login   string `json:"login"`
	Message []byte `json:"message"`
}

// approval is what a form carries in the field of that name.
type approval struct {
	At        string `json:"at"`
	Kind      string `json:"kind"`
	Signature []byte `json:"signature"`
}

// signed has the Ukey sign what the button that leads to an address asks to be signed, if it does, and puts the
// signature into the form. Where the console will not say what to sign, the form goes without: the page it then leads to
// says why.
func (c *clerk) signed(ctx context.Context, f *form, action string) error {
	f.values.Del("approval")
	b := f.signedButton(action)
	if b == nil {
		return nil
	}
	contentType, body, err := f.encode()
	if err != nil {
		return fmt.Errorf("fill in form: %w", err)
	}
	status, _, answer, err := c.fetch(ctx, http.MethodPost, f.page.resolve(attr(b, "data-sign")), contentType, body)
	if err != nil || status != http.StatusOK {
		return err
	}
	var t task
	if err := json.Unmarshal(answer, &t); err != nil {
		return fmt.Errorf("what to sign: %w", err)
	}
	signature, err := c.touch(ctx, t)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(approval{At: t.At, Kind: "sm2", Signature: signature})
	f.values.Set("approval", string(raw))
	return err
}

// signedButton is the form's button that leads to an address by way of a signature, nil without one.
func (f *form) signedButton(action string) *html.Node {
	for _, b := range f.controls() {
		to := attr(b, "formaction")
		if to == "" {
			to = attr(f.node, "action")
		}
		if b.DataAtom == atom.Button && attr(b, "data-sign") != "" && f.page.path(to) == action {
			return b
		}
	}
	return nil
}

// touchPatience is how long a Ukey may take.
const touchPatience = 30 * time.Second

// touch asks the agent, which has the Ukeys of all who sit here.
func (c *clerk) touch(ctx context.Context, t task) ([]byte, error) {
	agent, err := c.house.opt.Agent()
	if err != nil || agent == "" {
		return nil, errors.Join(errNoAgent, err)
	}
	body, err := json.Marshal(map[string]any{"login": t.Login, "message": t.Message})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, touchPatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, agent+"/v1/sign", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, errors.Join(errNoAgent, err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return nil, errors.Join(errNoAgent, err)
	}
	var out struct {
		Code, Detail string
		Signature    []byte
	}
	if err := json.Unmarshal(raw, &out); err != nil || len(out.Signature) == 0 {
		return nil, fmt.Errorf("the Ukey of %s did not sign: %d %s %s", t.Login, res.StatusCode, out.Code, out.Detail)
	}
	return out.Signature, nil
}
