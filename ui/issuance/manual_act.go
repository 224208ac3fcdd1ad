package issuance

import (
	"encoding/hex"
	"strconv"

	"github.com/google/uuid"

	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/seal"
	"caconsole/issuance"
	"caconsole/ui/page"
)

// signing is the form at the foot of an order opened by hand.
type signing struct {
	Digest string `form:"digest" validate:"max=64"`
	Typed  string `form:"typed" validate:"max=4"`
	Reason string `form:"reason" validate:"max=500"`
}

func (s signing) check() flow.ManualCheck { return flow.ManualCheck{Seen: s.seen(), Typed: s.Typed} }

// seen is the digest that stood on the page; nothing where it is none.
func (s signing) seen() []byte {
	b, err := hex.DecodeString(s.Digest)
	if err != nil {
		return nil
	}
	return b
}

// again shows the order with why something of it was not taken; what was typed stays.
func (d Deps) again(c *page.Ctx, refused error, form signing) error {
	p, err := d.manualPage(c)
	if err != nil {
		return refused
	}
	p.Typed, p.ReturnText = form.Typed, form.Reason
	return c.Refuse(refused, "issuance/manual_show", p)
}

// manualPaper seals a paper.
func (d Deps) manualPaper(c *page.Ctx) error {
	up, err := c.File("file")
	if err == nil {
		err = d.Flow.AddManualPaper(c.Context(), c.Actor(), c.Param("no"), document.Kind(c.Form("kind")), up.Data)
	}
	if err != nil {
		return d.again(c, err, signing{})
	}
	return c.Redirect("/issuance/manual/"+c.Param("no"), "issuance.manual.paper_added")
}

// manualImage sends a page of a paper, with who looks burnt in.
func (d Deps) manualImage(c *page.Ctx) error {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return fault.New(fault.NotFound, "document_unknown", nil)
	}
	n, err := strconv.Atoi(c.Param("page"))
	if err != nil {
		return fault.New(fault.NotFound, "document_page_unknown", nil)
	}
	image, err := d.Flow.ViewPaper(c.Context(), c.Actor(), c.Param("no"), id, n, document.Large, c.Me().Name+" "+c.Me().No)
	if err != nil {
		return err
	}
	return c.Bytes("image/jpeg", "", image.Body)
}

func (d Deps) manualToSign(c *page.Ctx) error {
	var form signing
	if err := c.Bind(&form); err != nil {
		return err
	}
	t, err := d.Flow.SignManualToSign(c.Context(), c.Actor(), c.Param("no"), form.seen())
	if err != nil {
		return err
	}
	return c.ToSign(t)
}

// manualSign is the first signature.
func (d Deps) manualSign(c *page.Ctx) error {
	return d.manualSigned(c, "issuance.manual.signed", func(form signing, sig *issuance.Signature) error {
		if sig == nil {
			_, err := d.Flow.SignManualToSign(c.Context(), c.Actor(), c.Param("no"), form.seen())
			return err
		}
		return d.Flow.SignManual(c.Context(), c.Actor(), c.Param("no"), form.seen(), *sig)
	})
}

func (d Deps) manualToCheck(c *page.Ctx) error {
	var form signing
	if err := c.Bind(&form); err != nil {
		return err
	}
	t, err := d.Flow.CheckManualToSign(c.Context(), c.Actor(), c.Param("no"), form.check())
	if err != nil {
		return err
	}
	return c.ToSign(t)
}

// manualCheck is the second signature, which hands the order to the signer.
func (d Deps) manualCheck(c *page.Ctx) error {
	return d.manualSigned(c, "issuance.manual.checked", func(form signing, sig *issuance.Signature) error {
		if sig == nil {
			_, err := d.Flow.CheckManualToSign(c.Context(), c.Actor(), c.Param("no"), form.check())
			return err
		}
		return d.Flow.CheckManual(c.Context(), c.Actor(), c.Param("no"), form.check(), *sig)
	})
}

// manualSigned takes a signed form. act is called without a signature where none came, to say what else is wrong.
func (d Deps) manualSigned(c *page.Ctx, done string, act func(signing, *issuance.Signature) error) error {
	var form signing
	err := c.Bind(&form)
	if err == nil {
		var sig issuance.Signature
		if sig, err = c.Signature(); err == nil {
			err = act(form, &sig)
		} else if refused := act(form, nil); refused != nil {
			err = refused
		}
	}
	if err != nil {
		return d.again(c, err, form)
	}
	return c.Redirect("/issuance/manual/"+c.Param("no"), done)
}

// manualReturn sends the order back to its first issuer.
func (d Deps) manualReturn(c *page.Ctx) error {
	var form signing
	err := c.Bind(&form)
	if err == nil {
		err = d.Flow.ReturnManual(c.Context(), c.Actor(), c.Param("no"), seal.Secret(form.Reason))
	}
	if err != nil {
		return d.again(c, err, form)
	}
	return c.Redirect("/issuance?tab=manual", "issuance.manual.returned", map[string]any{"no": c.Param("no")})
}

func (d Deps) manualWithdraw(c *page.Ctx) error {
	if err := d.Flow.WithdrawManual(c.Context(), c.Actor(), c.Param("no")); err != nil {
		return d.again(c, err, signing{})
	}
	return c.Redirect("/issuance?tab=manual", "issuance.manual.withdrawn", map[string]any{"no": c.Param("no")})
}

// manualChain hands out the result for a holder whose driver does not fetch it.
func (d Deps) manualChain(c *page.Ctx) error {
	der, err := d.Flow.ManualChain(c.Context(), c.Actor(), c.Param("no"))
	if err != nil {
		return err
	}
	return c.Bytes("application/pkcs7-mime", c.Param("no")+".p7b", der)
}
