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

// The kinds of papers.
const (
	form    = "application_form"
	licence = "business_licence"
	voucher = "remittance_voucher"
)

// papers confirms the form and hands in what is missing.
func (r *robot) papers(ctx context.Context) error {
	at := "/orders/" + r.order.No
	if _, err := r.api.call(ctx, http.MethodPost, at+"/form-confirmations", struct{}{}, nil); err != nil {
		return err
	}
	for _, kind := range []string{form, licence} {
		if err := r.handIn(ctx, kind, r.opt.Faults); err != nil {
			return err
		}
	}
	return nil
}

// maxRounds is how often papers are handed in again before the robot believes that staff will not have them.
const maxRounds = 3

// resubmit hands in better ones of what was sent back, and only of that.
func (r *robot) resubmit(ctx context.Context) error {
	items := r.order.returned()
	if r.rounds++; r.rounds > maxRounds {
		return refuse("order %s came back %d times: %s", r.order.No, r.rounds, r.order.Sentence)
	}
	for _, item := range items {
		r.opt.Log.InfoContext(ctx, "sent back", "kind", item.Kind, "reason", item.Reason)
	}
	for _, item := range items {
		if err := r.handIn(ctx, item.Kind, paper.Faults{}); err != nil {
			return err
		}
	}
	_, err := r.api.call(ctx, http.MethodPost, "/orders/"+r.order.No+"/resubmissions", struct{}{}, nil)
	return err
}

// handIn makes one paper and uploads it.
func (r *robot) handIn(ctx context.Context, kind string, faults paper.Faults) error {
	switch kind {
	case form:
		scan, media, err := r.signForm(ctx, faults)
		if err != nil {
			return err
		}
		return r.upload(ctx, form, media, scan, nil)
	case licence:
		scan, err := r.opt.Painter.LicenceCopy(paper.Licence{
			Company: r.ukey.holder, CreditCode: r.ukey.orgNumber, Representative: r.legal.Name, Address: r.legal.Address,
			Founded: time.Date(2005+int(r.seed%15), 3, 1+int(r.seed%28), 0, 0, 0, 0, time.UTC), CapitalYuan: 10_000_000,
			Authority: "样例市场监督管理局", Faults: faults, Seed: r.scanSeed(),
		})
		if err != nil {
			return err
		}
		return r.upload(ctx, licence, "image/jpeg", scan, nil)
	}
	return refuse("nobody here has a paper of the kind %s", kind)
}

// signForm prints the form in force, has it signed and stamped, and scans it.
func (r *robot) signForm(ctx context.Context, faults paper.Faults) (scan []byte, media string, err error) {
	pdf, err := r.api.do(ctx, http.MethodGet, "/orders/"+r.order.No+"/application-form.pdf", "", nil, nil)
	if err != nil {
		return nil, "", err
	}
	return r.opt.Painter.ScanForm(ctx, pdf.body, paper.Form{Company: r.ukey.holder, Signer: r.agent.Name, Faults: faults, Seed: r.scanSeed()})
}

// scanSeed makes every scan of a renewal another one.
func (r *robot) scanSeed() uint64 { return r.seed + r.rounds }

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

// identityPatience is how long the vendor's result may take after the face page is done.
const identityPatience = 2 * time.Minute

// identity opens the vendor's page as the phone would and presses through it, then waits for the verified result. A
// failure is tried again as long as the console allows it.
func (r *robot) identity(ctx context.Context) error {
	at := "/orders/" + r.order.No
	var session struct {
		URL string `json:"url"`
	}
	if _, err := r.api.call(ctx, http.MethodPost, at+"/identity-sessions", struct{}{}, &session); err != nil {
		return err
	}
	for _, press := range []string{"front", "back", "liveness"} {
		pressed := url.Values{"step": {press}, "outcome": {"pass"}}
		if err := r.outside(ctx, http.MethodPost, func() string { return session.URL }, "application/x-www-form-urlencoded", []byte(pressed.Encode()), nil); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			r.opt.Log.WarnContext(ctx, "the face page does not work, asking for another", "step", press, "error", err)
			return nil // the order still stays at this stage
		}
	}
	return r.again(ctx, identityPatience, func() (bool, error) {
		var s struct {
			State     string `json:"state"`
			Reason    string `json:"reason"`
			TriesLeft int    `json:"tries_left"`
		}
		if _, err := r.api.call(ctx, http.MethodGet, at+"/identity", nil, &s); err != nil {
			return false, err
		}
		if (s.State == "failed" || s.State == "expired") && s.TriesLeft == 0 {
			return false, refuse("identity %s: %s", s.State, strings.TrimSpace(s.Reason))
		}
		return s.State != "pending", nil
	})
}
