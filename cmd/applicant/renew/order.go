package renew

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// order is what the robot reads of an order.
type order struct {
	No        string            `json:"no"`
	Path      string            `json:"path"`
	Stage     string            `json:"stage"`
	Gates     map[string]string `json:"gates"`
	AmountFen int64             `json:"amount_fen"`
	Method    string            `json:"method"`
	Next      string            `json:"next"`
	Sentence  string            `json:"sentence"`
	Serial    string            `json:"serial"`
	Closed    string            `json:"closed"`
	Legal     struct {
		Name string `json:"name"`
	} `json:"legal_person"`
	Documents []document `json:"documents"`
}

// document is one paper of an order.
type document struct {
	Kind   string `json:"kind"`
	State  string `json:"state"`
	Reason string `json:"reason"`
}

// has reports whether a paper of the kind was handed in.
func (o order) has(kind string) bool {
	for _, d := range o.Documents {
		if d.Kind == kind {
			return true
		}
	}
	return false
}

// returned are the papers that staff sent back and that were not replaced yet.
func (o order) returned() []document {
	var out []document
	for _, d := range o.Documents {
		if d.State == "returned" {
			out = append(out, d)
		}
	}
	return out
}

// resume takes up an order of an earlier run for the same certificate.
func (r *robot) resume(ctx context.Context) error {
	var in struct {
		Orders []order `json:"orders"`
	}
	if _, err := r.api.call(ctx, http.MethodGet, "/orders", nil, &in); err != nil {
		return err
	}
	for _, o := range in.Orders {
		if strings.EqualFold(o.Serial, r.opt.Serial) && o.Stage != "closed" && o.Stage != "done" {
			r.opt.Log.InfoContext(ctx, "taking up the open order", "order", o.No, "stage", o.Stage, "sentence", o.Sentence)
			r.order = o
			return nil
		}
	}
	return nil
}

// lookUp makes sure the certificate may be renewed, on the path asked for, before any data is typed. Consent comes
// first: before it the console tells next to nothing.
func (r *robot) lookUp(ctx context.Context) error {
	if r.order.No != "" {
		return nil
	}
	if err := r.consent(ctx, false); err != nil {
		return err
	}
	var in struct {
		Eligible bool     `json:"eligible"`
		Missing  []string `json:"consent_missing"`
		Path     string   `json:"path"`
	}
	if _, err := r.api.call(ctx, http.MethodGet, "/certificates/"+url.PathEscape(r.opt.Serial), nil, &in); err != nil {
		return err
	}
	switch {
	case !in.Eligible:
		return refuse("certificate %s may not be renewed", r.opt.Serial)
	case len(in.Missing) > 0:
		return refuse("consents are missing: %s", strings.Join(in.Missing, ", "))
	case r.opt.Path != "" && in.Path != r.opt.Path:
		return refuse("certificate %s takes the %s path, not the %s one", r.opt.Serial, in.Path, r.opt.Path)
	}
	r.order.Path = in.Path
	return nil
}

// open creates the order with everything the applicant types in.
func (r *robot) open(ctx context.Context) error {
	if r.order.No != "" {
		return nil
	}
	holder, number := r.ukey.holder, r.ukey.orgNumber
	in := map[string]any{
		"serial":  r.opt.Serial,
		"years":   max(r.opt.Years, 1),
		"agent":   map[string]string{"name": r.agent.Name, "id_number": r.agent.IDNumber, "phone": r.agent.Phone, "email": r.agent.Email},
		"invoice": map[string]string{"kind": "general", "title": holder, "tax_id": number},
	}
	if r.order.Path == PathReviewed {
		if err := r.consent(ctx, true); err != nil {
			return err
		}
		in["organisation"], in["legal_person"] = r.organisation(), r.legalPerson()
	}
	if _, err := r.api.call(ctx, http.MethodPost, "/orders", in, &r.order); err != nil {
		return err
	}
	r.opt.Log.InfoContext(ctx, "order opened", "order", r.order.No, "path", r.order.Path, "amount_fen", r.order.AmountFen, "sentence", r.order.Sentence)
	return nil
}

func (r *robot) organisation() map[string]string {
	kind := "credit_code"
	if len(r.ukey.orgNumber) == 9 {
		kind = "organisation_code"
	}
	return map[string]string{"name": r.ukey.holder, "id_kind": kind, "id_number": r.ukey.orgNumber}
}

func (r *robot) legalPerson() map[string]string {
	return map[string]string{"name": r.legal.Name, "id_number": r.legal.IDNumber}
}

// look fetches the order, if it changed.
func (r *robot) look(ctx context.Context) error {
	h := http.Header{}
	if r.etag != "" {
		h.Set("If-None-Match", r.etag)
	}
	at := "/orders/" + r.order.No
	got, err := r.api.do(ctx, http.MethodGet, at, "", nil, h)
	if err != nil || got.status == http.StatusNotModified {
		return err
	}
	var o order
	if err := json.Unmarshal(got.body, &o); err != nil {
		return fmt.Errorf("decode answer of GET %s: %w", at, err)
	}
	if o.Stage != r.order.Stage {
		r.opt.Log.InfoContext(ctx, "order moved", "order", o.No, "stage", o.Stage, "sentence", o.Sentence)
	}
	r.order, r.etag = o, got.header.Get("ETag")
	return nil
}

// maxRepeats is how often the same stage is worked at before the robot gives up: what did not help three times will
// not help the fourth.
const maxRepeats = 4

// follow does what the order's stage asks of an applicant, and waits while it is others' turn, until the Ukey is updated.
func (r *robot) follow(ctx context.Context) error {
	worked := map[string]int{}
	for {
		if err := r.look(ctx); err != nil {
			return err
		}
		if r.order.Stage == "done" {
			return nil
		}
		act := r.turn()
		if act.do == nil {
			if err := sleep(ctx, r.opt.Poll); err != nil {
				return err
			}
			continue
		}
		turn := fmt.Sprint(act.name, r.rounds)
		if worked[turn]++; worked[turn] > maxRepeats {
			return fmt.Errorf("%s: order %s stays at %s: %s", act.name, r.order.No, r.order.Stage, r.order.Sentence)
		}
		before := r.order.Stage
		if err := act.run(ctx, r.opt.Log); err != nil {
			return err
		}
		if err := r.look(ctx); err != nil {
			return err
		}
		if r.order.Stage == before {
			if err := sleep(ctx, r.opt.Poll); err != nil { // what was done takes effect in a moment
				return err
			}
		}
	}
}

// turn is what the applicant does now; nothing while others are at work.
func (r *robot) turn() step {
	o := r.order
	switch o.Stage {
	case "closed", "refunding":
		return step{"read the sentence", func(context.Context) error {
			return refuse("order %s: %s (%s)", o.No, o.Sentence, strings.TrimSpace(o.Stage+" "+o.Closed))
		}}
	case "papers":
		if o.Legal.Name == "" {
			return step{"add organisation and legal person", r.complete}
		}
		return step{"hand in papers", r.papers}
	case "identity":
		return step{"identity", r.identity}
	case "payment", "transfer":
		if o.Gates["payment"] == "awaiting" && o.Method == PayTransfer && o.has(voucher) {
			return step{}
		}
		return step{"pay", r.pay}
	case "returned":
		return step{"hand in again what was returned", r.resubmit}
	case "update":
		return step{"update Ukey", r.update}
	}
	return step{}
}

// complete adds what the reviewed path needs to an order that began online and whose certificate ran out on the way.
func (r *robot) complete(ctx context.Context) error {
	if err := r.consent(ctx, true); err != nil {
		return err
	}
	in := map[string]any{"organisation": r.organisation(), "legal_person": r.legalPerson()}
	_, err := r.api.call(ctx, http.MethodPatch, "/orders/"+r.order.No, in, nil)
	return err
}

// again asks ok every Poll until it holds, for d at most: whether it ever did, the order tells.
func (r *robot) again(ctx context.Context, d time.Duration, ok func() (bool, error)) error {
	end := r.opt.Now().Add(d)
	for {
		done, err := ok()
		if done || err != nil || !r.opt.Now().Before(end) {
			return err
		}
		if err := sleep(ctx, r.opt.Poll); err != nil {
			return err
		}
	}
}

// codeOf is the problem code of an error, "" where it is no problem.
func codeOf(err error) string {
	var p *Problem
	if errors.As(err, &p) {
		return p.Code
	}
	return ""
}
