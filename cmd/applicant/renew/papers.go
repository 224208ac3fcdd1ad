package renew

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"caconsole/cmd/applicant/paper"
)

// papers confirms the form, prints, signs, stamps and scans it, and uploads it with the licence.
func (r *robot) papers(ctx context.Context) error {
	if r.order.Gates["documents"] != "missing" {
		return nil
	}
	at := "/orders/" + r.order.No
	if _, err := r.api.call(ctx, http.MethodPost, at+"/form-confirmations", struct{}{}, nil); err != nil {
		return err
	}
	pdf, err := r.api.do(ctx, http.MethodGet, at+"/application-form.pdf", "", nil, nil)
	if err != nil {
		return err
	}
	form, media, err := r.opt.Painter.ScanForm(ctx, pdf.body, paper.Form{Company: r.ukey.holder, Signer: r.agent.Name, Seed: r.seed})
	if err != nil {
		return err
	}
	if err := r.upload(ctx, "application_form", media, form, nil); err != nil {
		return err
	}
	licence, err := r.opt.Painter.LicenceCopy(paper.Licence{
		Company: r.ukey.holder, CreditCode: r.ukey.orgNumber, Representative: r.legal.Name, Address: r.legal.Address,
		Founded: time.Date(2005+int(r.seed%15), 3, 1+int(r.seed%28), 0, 0, 0, 0, time.UTC), CapitalYuan: 10_000_000,
		Authority: "样例市场监督管理局", Seed: r.seed,
	})
	if err != nil {
		return err
	}
	if err := r.upload(ctx, "business_licence", "image/jpeg", licence, nil); err != nil {
		return err
	}
	return r.look(ctx)
}

// upload puts one paper.
func (r *robot) upload(ctx context.Context, kind, media string, raw []byte, claims url.Values) error {
	path := "/orders/" + r.order.No + "/documents/" + kind
	if len(claims) > 0 {
		path += "?" + claims.Encode()
	}
	if _, err := r.api.do(ctx, http.MethodPut, path, media, raw, nil); err != nil {
		return fmt.Errorf("upload %s: %w", kind, err)
	}
	r.opt.Log.InfoContext(ctx, "uploaded", "kind", kind, "bytes", len(raw))
	return nil
}

// identity opens the vendor's page as the phone would and presses through it, then waits for the verified result.
func (r *robot) identity(ctx context.Context) error {
	if r.order.Gates["identity"] == "passed" {
		return nil
	}
	at := "/orders/" + r.order.No
	var session struct {
		URL string `json:"url"`
	}
	if _, err := r.api.call(ctx, http.MethodPost, at+"/identity-sessions", struct{}{}, &session); err != nil {
		return err
	}
	for _, step := range []string{"front", "back", "liveness"} {
		if err := r.press(ctx, session.URL, url.Values{"step": {step}, "outcome": {"pass"}}); err != nil {
			return err
		}
	}
	for {
		var state struct {
			State  string `json:"state"`
			Reason string `json:"reason"`
		}
		if _, err := r.api.call(ctx, http.MethodGet, at+"/identity", nil, &state); err != nil {
			return err
		}
		switch state.State {
		case "passed":
			return r.look(ctx)
		case "failed", "expired":
			return refuse("identity %s: %s", state.State, state.Reason)
		}
		if err := sleep(ctx, r.opt.Poll); err != nil {
			return err
		}
	}
}

// press sends one step of the face page.
func (r *robot) press(ctx context.Context, page string, form url.Values) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, page, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("face page: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := r.client.Do(req)
	if err != nil {
		return fmt.Errorf("face page: %w", err)
	}
	if err := resp.Body.Close(); err != nil {
		return fmt.Errorf("face page: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("face page: answer %d to step %s", resp.StatusCode, form.Get("step"))
	}
	return nil
}
