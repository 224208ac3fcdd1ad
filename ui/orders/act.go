package orders

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/identity"
	"caconsole/admin/order"
	"caconsole/admin/review"
	"caconsole/ui/page"
)

// verdict is the form at the foot of a case.
type verdict struct {
	Version      int      `form:"version" validate:"required"`
	Digest       string   `form:"digest" validate:"required,len=64"`
	Checks       []string `form:"checks"`
	Items        []string `form:"items"`
	CustomerText string   `form:"customer_text" validate:"max=500"`
	RejectText   string   `form:"reject_text" validate:"max=500"`
	Note         string   `form:"note" validate:"max=2000"`
	Typed        string   `form:"typed"`
}

// Unsent is what a reviewer wanted to decide on an order that is no longer theirs. It was stored nowhere, so the page
// that tells them shows it all.
type Unsent struct {
	Act   string // catalogue "verdict.<act>"
	Items []string
	Text  string
	Note  string
}

func (v verdict) opinion() (flow.Opinion, error) {
	digest, err := hex.DecodeString(v.Digest)
	if err != nil {
		return flow.Opinion{}, fault.InvalidField("digest", "field_wrong")
	}
	op := flow.Opinion{ContentVersion: v.Version, ContentDigest: digest, CustomerText: v.CustomerText, Note: v.Note}
	for _, name := range v.Checks {
		op.Checks = append(op.Checks, review.Check(name))
	}
	for _, item := range v.Items {
		kind, reason, _ := strings.Cut(item, ":")
		op.Items = append(op.Items, review.Item{Kind: kind, Reason: reason})
	}
	return op, nil
}

// read parses the verdict form.
func read(c *page.Ctx) (verdict, flow.Opinion, error) {
	var v verdict
	if err := c.Bind(&v); err != nil {
		return v, flow.Opinion{}, err
	}
	op, err := v.opinion()
	return v, op, err
}

// again shows the case with why the verdict was not taken. What was typed is in it: as the draft, which was saved
// first, or beside the new state where the order is no longer the reader's.
func (d Deps) again(c *page.Ctx, refused error, decision review.Decision, op flow.Opinion) error {
	p, err := d.casePage(c)
	if err != nil {
		return refused
	}
	if p.Verdict != nil && decision == review.Rejected {
		p.Verdict.RejectText = op.CustomerText
	}
	if p.Verdict == nil && decision != "" {
		p.Unsent = &Unsent{Act: string(decision), Text: op.CustomerText, Note: op.Note}
		for _, it := range op.Items {
			if review.ValidItems([]review.Item{it}) == nil {
				p.Unsent.Items = append(p.Unsent.Items, c.T("document."+it.Kind, nil)+" "+c.T("reason."+it.Reason, nil))
			}
		}
	}
	return c.Refuse(refused, "orders/case", p)
}

func (d Deps) approve(c *page.Ctx) error {
	_, op, err := read(c)
	if err == nil {
		err = d.approveSigned(c, op)
	}
	if err != nil {
		return d.again(c, err, review.Approved, op)
	}
	return c.Redirect("/queue", "orders.approved", map[string]any{"no": c.Param("no")})
}

// approveSigned takes the verdict with its signature. Without one the draft is kept.
func (d Deps) approveSigned(c *page.Ctx, op flow.Opinion) error {
	sig, err := c.Signature()
	if err != nil {
		if _, refused := d.Flow.ApproveToSign(c.Context(), c.Actor(), c.Param("no"), op); refused != nil {
			return refused
		}
		return err
	}
	return d.Flow.Approve(c.Context(), c.Actor(), c.Param("no"), op, sig)
}

// approveToSign answers what 通过 is signed over.
func (d Deps) approveToSign(c *page.Ctx) error {
	_, op, err := read(c)
	if err != nil {
		return err
	}
	t, err := d.Flow.ApproveToSign(c.Context(), c.Actor(), c.Param("no"), op)
	if err != nil {
		return err
	}
	return c.ToSign(t)
}

func (d Deps) sendBack(c *page.Ctx) error {
	_, op, err := read(c)
	if err == nil {
		if strings.TrimSpace(op.CustomerText) == "" {
			op.CustomerText = write(c, op.Items)
		}
		err = d.Flow.SendBack(c.Context(), c.Actor(), c.Param("no"), op)
	}
	if err != nil {
		return d.again(c, err, review.Returned, op)
	}
	return c.Redirect("/queue", "orders.returned", map[string]any{"no": c.Param("no")})
}

// write makes the applicant's text of the reasons, where the reviewer wrote none.
func write(c *page.Ctx, items []review.Item) string {
	parts := make([]string, 0, len(items))
	for _, it := range items {
		if review.ValidItems([]review.Item{it}) == nil {
			parts = append(parts, c.Chinese("document."+it.Kind, nil)+"："+c.Chinese("customer."+it.Reason, nil))
		}
	}
	return strings.Join(parts, "；")
}

// reject is final, so the last digits of the order number are typed for it.
func (d Deps) reject(c *page.Ctx) error {
	v, op, err := read(c)
	if err == nil {
		op.CustomerText = v.RejectText
		err = d.rejectTyped(c, v.Typed, op)
	}
	if err != nil {
		return d.again(c, err, review.Rejected, op)
	}
	return c.Redirect("/queue", "orders.rejected", map[string]any{"no": c.Param("no")})
}

func (d Deps) rejectTyped(c *page.Ctx, typed string, op flow.Opinion) error {
	if typed != last4(c.Param("no")) {
		return fault.InvalidField("typed", "typed_wrong")
	}
	err := d.Flow.Reject(c.Context(), c.Actor(), c.Param("no"), op)
	f := fault.Of(err)
	if err == nil || f.Kind != fault.Invalid {
		return err
	}
	// The dialog has a text of its own; the fault goes beside it.
	fields := slices.Clone(f.Fields)
	for i := range fields {
		if fields[i].Name == "customer_text" {
			fields[i].Name = "reject_text"
		}
	}
	return fault.InvalidFields(fields...)
}

// draft keeps what was ticked and written: for the page's script, which asks after every change and gets what still
// misses, or for the button.
func (d Deps) draft(c *page.Ctx) error {
	_, op, err := read(c)
	if err == nil {
		err = d.Flow.SaveDraft(c.Context(), c.Actor(), c.Param("no"), review.Draft{
			Checks: op.Checks, Items: op.Items, CustomerText: op.CustomerText, Note: op.Note,
		})
	}
	switch {
	case err != nil && c.Fragment():
		return err
	case err != nil:
		return d.again(c, err, "", op)
	case c.Fragment():
		return d.show(c)
	}
	return c.Redirect("/orders/"+c.Param("no"), "orders.saved")
}

func (d Deps) claim(c *page.Ctx) error {
	if _, err := d.Flow.Claim(c.Context(), c.Actor(), c.Param("no")); err != nil {
		return d.again(c, err, "", flow.Opinion{})
	}
	return c.Redirect("/orders/"+c.Param("no"), "")
}

func (d Deps) release(c *page.Ctx) error {
	if err := d.Flow.Release(c.Context(), c.Actor(), c.Param("no")); err != nil {
		return d.again(c, err, "", flow.Opinion{})
	}
	return c.Redirect("/queue", "orders.released", map[string]any{"no": c.Param("no")})
}

// unblock is a lead's override of 一次一张, with the reason.
func (d Deps) unblock(c *page.Ctx) error {
	var in struct {
		Reason string `form:"reason" validate:"required,max=500"`
	}
	err := c.Bind(&in)
	if err == nil {
		err = d.Flow.UnblockOrder(c.Context(), c.Actor(), c.Param("no"), in.Reason)
	}
	if err != nil {
		return d.again(c, err, "", flow.Opinion{})
	}
	return c.Redirect("/orders/"+c.Param("no"), "orders.unblocked")
}

// Revealed is one field in clear, with its mask for when the time is over.
type Revealed struct {
	page.Masked
	No string
}

// reveal shows one masked field in clear, in place, or on a page of its own without a script.
func (d Deps) reveal(c *page.Ctx) error {
	field := order.Field(c.Form("field"))
	value, err := d.Flow.Reveal(c.Context(), c.Actor(), c.Param("no"), field, c.Form("reason"))
	if err != nil {
		return err
	}
	caller, err := d.Flow.Caller(c.Context(), c.Actor(), c.Param("no"))
	if err != nil {
		return err
	}
	m := page.Masked{ID: "m-" + string(field), Field: string(field), Mask: mask(caller.Order, field), Clear: value.Reveal()}
	return c.Render("orders/revealed", Revealed{m, caller.Order.No})
}

// mask is what stands for a field until it is revealed.
func mask(o order.Order, field order.Field) string {
	return map[order.Field]string{
		order.FieldAgentName: o.Agent.Name, order.FieldAgentID: o.Agent.IDNumber, order.FieldAgentPhone: o.Agent.Phone,
		order.FieldAgentEmail: o.Agent.Email, order.FieldLegalName: o.Legal.Name, order.FieldLegalID: o.Legal.IDNumber,
	}[field]
}

// paper sends a page image, with who looks burnt in.
func (d Deps) paper(c *page.Ctx) error {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return fault.New(fault.NotFound, "document_unknown", nil)
	}
	n, err := strconv.Atoi(c.Param("page"))
	if err != nil {
		return fault.New(fault.NotFound, "document_page_unknown", nil)
	}
	size := document.Small
	if c.Query("size") == "large" {
		size = document.Large
	}
	image, err := d.Flow.ViewPaper(c.Context(), c.Actor(), c.Param("no"), id, n, size, viewer(c))
	if err != nil {
		return err
	}
	return c.Bytes("image/jpeg", "", image.Body)
}

// face sends a picture of the identity check, with who looks burnt in.
func (d Deps) face(c *page.Ctx) error {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return fault.New(fault.NotFound, "image_unknown", nil)
	}
	picture, err := d.Flow.ViewFace(c.Context(), c.Actor(), c.Param("no"), id, identity.Picture(c.Param("which")), viewer(c))
	if err != nil {
		return err
	}
	return c.Bytes("image/jpeg", "", picture)
}

func viewer(c *page.Ctx) string { return c.Me().Name + " " + c.Me().No }
