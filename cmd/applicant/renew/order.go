package renew

import (
	"context"
	"net/http"
	"net/url"
	"strings"
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
	Returned  []struct {
		Kind   string `json:"kind"`
		Reason string `json:"reason"`
	} `json:"returned"`
}

// lookUp makes sure the certificate may be renewed, on the path this robot walks, before any data is typed.
func (r *robot) lookUp(ctx context.Context) error {
	if err := r.resume(ctx); err != nil || r.order.No != "" {
		return err
	}
	var in struct {
		Eligible bool     `json:"eligible"`
		Missing  []string `json:"consent_missing"`
		Holder   string   `json:"holder"`
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
	case in.Path != "reviewed":
		return refuse("certificate %s is on the %s path, which needs no papers", r.opt.Serial, in.Path)
	}
	return nil
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
			r.opt.Log.InfoContext(ctx, "taking up the open order", "order", o.No, "stage", o.Stage)
			r.order = o
			return nil
		}
	}
	return nil
}

// open creates the order with everything the applicant types in.
func (r *robot) open(ctx context.Context) error {
	if r.order.No != "" {
		return nil
	}
	holder, number := r.ukey.holder, r.ukey.orgNumber
	kind := "credit_code"
	if len(number) == 9 {
		kind = "organisation_code"
	}
	in := map[string]any{
		"serial":       r.opt.Serial,
		"years":        max(r.opt.Years, 1),
		"organisation": map[string]string{"name": holder, "id_kind": kind, "id_number": number},
		"agent":        map[string]string{"name": r.agent.Name, "id_number": r.agent.IDNumber, "phone": r.agent.Phone, "email": r.agent.Email},
		"legal_person": map[string]string{"name": r.legal.Name, "id_number": r.legal.IDNumber},
		"invoice":      map[string]string{"kind": "general", "title": holder, "tax_id": number},
	}
	if _, err := r.api.call(ctx, http.MethodPost, "/orders", in, &r.order); err != nil {
		return err
	}
	r.opt.Log.InfoContext(ctx, "order opened", "order", r.order.No, "amount_fen", r.order.AmountFen, "sentence", r.order.Sentence)
	return nil
}

// look fetches the order anew.
func (r *robot) look(ctx context.Context) error {
	var o order
	if _, err := r.api.call(ctx, http.MethodGet, "/orders/"+r.order.No, nil, &o); err != nil {
		return err
	}
	if o.Stage != r.order.Stage {
		r.opt.Log.InfoContext(ctx, "order moved", "order", o.No, "stage", o.Stage, "sentence", o.Sentence)
	}
	r.order = o
	return nil
}

// wait polls the order until the update can be fetched. What only a person can put right is a refusal.
func (r *robot) wait(ctx context.Context) error {
	for {
		if err := r.look(ctx); err != nil {
			return err
		}
		switch r.order.Stage {
		case "update", "done":
			return nil
		case "closed", "refunding":
			return refuse("order %s: %s (%s)", r.order.No, r.order.Sentence, r.order.Closed)
		case "returned":
			var why []string
			for _, item := range r.order.Returned {
				why = append(why, item.Kind+": "+item.Reason)
			}
			return refuse("order %s was returned: %s", r.order.No, strings.Join(why, "; "))
		}
		if err := sleep(ctx, r.opt.Poll); err != nil {
			return err
		}
	}
}
