package certificates

import (
	"strconv"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/order"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/ui/page"
)

// RevokePage is what the first of two persons fills in and signs.
type RevokePage struct {
	Serial    string // of the sign certificate
	EncSerial string
	Holder    string
	Medium    string
	Until     string
	Status    page.Status
	Reasons   []page.Choice
	AskedBy   []page.Choice
	Form      Wish
	Refused   string // why the pair cannot be revoked, in words; "" where it can
	Revoking  string // address of the revocation that is under way
	Follows   Follows
}

// Follows is what a revocation does to orders, in words.
type Follows struct {
	Renewal string // no of the order that closes; "" for none
	LedTo   string // no of the order that led to the pair
	Closes  bool   // that order closes too
	SameKey string // sign serial of the pair that took over on the same key
}

func follows(of flow.Revocable) Follows {
	g := of.LedTo.Gates
	return Follows{
		Renewal: of.Renewal.No, LedTo: of.LedTo.No, SameKey: of.SameKey,
		Closes: of.LedTo.No != "" && g.Closed == order.Open && g.Delivery != order.Confirmed,
	}
}

// Wish is the form: what somebody wants revoked, and why.
type Wish struct {
	Reason  string `form:"reason"`
	AskedBy string `form:"asked_by"`
	Grounds string `form:"grounds"`
	Typed   string `form:"typed"`
}

func (w Wish) proposal(p issuance.Pair) issuance.Proposal {
	reason, err := strconv.Atoi(w.Reason)
	if err != nil {
		reason = -1
	}
	return issuance.Proposal{Pair: p.ID, Reason: reason, AskedBy: w.AskedBy, Grounds: w.Grounds}
}

// reasons are offered in the order in which they occur.
var reasons = []int{
	cert.ReasonKeyCompromise, cert.ReasonAffiliationChanged, cert.ReasonSuperseded, cert.ReasonCessationOfOperation, cert.ReasonPrivilegeWithdrawn,
	cert.ReasonUnspecified,
}

func (d Deps) revokeForm(c *page.Ctx) error {
	p, _, err := d.revokePage(c, Wish{})
	if err != nil {
		return err
	}
	return c.Render("certificates/revoke", p)
}

func (d Deps) revokePage(c *page.Ctx, form Wish) (RevokePage, flow.Revocable, error) {
	v, err := d.Flow.ViewRevocable(c.Context(), c.Actor(), c.Param("serial"))
	if err != nil {
		return RevokePage{}, v, unknown(err)
	}
	p := RevokePage{
		Serial: string(v.Sign.Serial), EncSerial: string(v.Enc.Serial), Holder: v.Holder, Medium: v.MediumNo, Form: form,
		Until: page.Beijing(v.NotAfter()).Format("2006-01-02 15:04:05"), Status: status(c, v.State, v.NotAfter(), d.Now()), Follows: follows(v),
	}
	for _, r := range reasons {
		p.Reasons = append(p.Reasons, page.Choice{Value: strconv.Itoa(r), Word: longReason(c, r)})
	}
	for _, by := range []string{issuance.AskedByHolder, issuance.AskedByHouse} {
		p.AskedBy = append(p.AskedBy, page.Choice{Value: by, Word: c.T("certificates.asked_by."+by, nil)})
	}
	if v.Refused != nil {
		f := fault.Of(v.Refused)
		p.Refused = c.T(f.Key, f.Args)
	}
	id, err := d.Flow.RevocationOf(c.Context(), c.Actor(), v.ID)
	if err == nil && id != uuid.Nil {
		p.Revoking = "/certificates/revocations/" + id.String()
	}
	return p, v, err
}

func reasonWord(c *page.Ctx, reason int) string {
	return c.T("certificates.reason."+strconv.Itoa(reason), nil)
}

// reasonCodes are the reasons as RFC 5280 names them.
var reasonCodes = map[int]string{
	cert.ReasonUnspecified: "unspecified", cert.ReasonKeyCompromise: "keyCompromise", cert.ReasonAffiliationChanged: "affiliationChanged",
	cert.ReasonSuperseded: "superseded", cert.ReasonCessationOfOperation: "cessationOfOperation", cert.ReasonPrivilegeWithdrawn: "privilegeWithdrawn",
}

func longReason(c *page.Ctx, reason int) string {
	return c.T("certificates.reason.long", map[string]any{"word": reasonWord(c, reason), "code": reasonCodes[reason]})
}

// readWish reads the form; the last digits of the serial are typed for it.
func (d Deps) readWish(c *page.Ctx) (issuance.Proposal, RevokePage, error) {
	var w Wish
	if err := c.Bind(&w); err != nil {
		return issuance.Proposal{}, RevokePage{}, err
	}
	p, v, err := d.revokePage(c, w)
	if err != nil {
		return issuance.Proposal{}, p, err
	}
	if serial := p.Serial; len(serial) < 4 || w.Typed != serial[len(serial)-4:] {
		err = fault.InvalidField("typed", "serial_digits_wrong")
	}
	return w.proposal(v.Pair), p, err
}

// revokeToSign answers what the first person signs.
func (d Deps) revokeToSign(c *page.Ctx) error {
	in, _, err := d.readWish(c)
	if err != nil {
		return err
	}
	t, err := d.Flow.ProposeRevocationToSign(c.Context(), c.Actor(), in)
	if err != nil {
		return err
	}
	return c.ToSign(t)
}

// revoke takes the first signature.
func (d Deps) revoke(c *page.Ctx) error {
	in, p, err := d.readWish(c)
	if err == nil {
		var sig issuance.Signature
		if sig, err = c.Signature(); err != nil {
			if _, refused := d.Flow.ProposeRevocationToSign(c.Context(), c.Actor(), in); refused != nil {
				err = refused
			}
		} else if id, failed := d.Flow.ProposeRevocation(c.Context(), c.Actor(), in, sig); failed == nil {
			return c.Redirect("/certificates/revocations/"+id.String(), "certificates.proposed")
		} else {
			err = failed
		}
	}
	if p.Serial == "" {
		return err
	}
	return c.Refuse(err, "certificates/revoke", p)
}
