package keys

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/ui/page"
)

// offer answers what a passkey signs so that a key of the browser may sign for a shift.
func (d Deps) offer(c *page.Ctx) error {
	key, err := browserKey(c.Form("key"))
	if err != nil {
		return err
	}
	o, err := d.Flow.OfferDelegation(c.Context(), c.Actor(), key)
	if err != nil {
		return err
	}
	return c.JSON(struct {
		ID       uuid.UUID `json:"id"`
		Message  []byte    `json:"message"`
		Passkeys [][]byte  `json:"passkeys"`
		RPID     string    `json:"rp_id"`
		Expires  time.Time `json:"expires"`
	}{o.ID, o.Message, o.Passkeys, o.RPID, o.Expires})
}

// signedOffer is what the passkey answered.
type signedOffer struct {
	ID        string `form:"id"`
	Key       string `form:"key"` // sent alone where the offer was refused, to be told why
	Signature string `form:"signature"`
	WebAuthn  string `form:"webauthn"`
	Back      string `form:"back"`
}

func (d Deps) delegate(c *page.Ctx) error {
	var in signedOffer
	err := c.Bind(&in)
	var until time.Time
	if err == nil {
		until, err = d.delegated(c, in)
	}
	if err != nil {
		return d.again(c, err)
	}
	to := page.LocalPath(in.Back)
	if to == "" {
		to = "/my-keys"
	}
	return c.Redirect(to, "staffkeys.delegated", map[string]any{"until": until})
}

func (d Deps) delegated(c *page.Ctx, in signedOffer) (time.Time, error) {
	if in.ID == "" {
		key, err := browserKey(in.Key)
		if err == nil {
			_, err = d.Flow.OfferDelegation(c.Context(), c.Actor(), key)
		}
		if err == nil {
			err = fault.New(fault.Invalid, "delegation_not_signed", nil)
		}
		return time.Time{}, err
	}
	offer, err := uuid.Parse(in.ID)
	if err != nil {
		return time.Time{}, fault.New(fault.Invalid, "delegation_not_signed", nil)
	}
	signature, err := decode(in.Signature)
	if err != nil {
		return time.Time{}, err
	}
	var w cert.Assertion
	if err := json.Unmarshal([]byte(in.WebAuthn), &w); err != nil {
		return time.Time{}, &fault.Error{Kind: fault.Invalid, Key: "signature_unreadable", Cause: err}
	}
	return d.Flow.Delegate(c.Context(), c.Actor(), offer, w, signature)
}

func (d Deps) endDelegation(c *page.Ctx) error {
	if err := d.Flow.EndDelegation(c.Context(), c.Actor()); err != nil {
		return d.again(c, err)
	}
	to := page.LocalPath(c.Form("back"))
	if to == "" {
		to = "/my-keys"
	}
	return c.Redirect(to, "staffkeys.delegation_ended")
}

// browserKey reads the key that a browser made. Fails with Invalid "delegation_not_signed" where it made none.
func browserKey(field string) ([]byte, error) {
	if field == "" {
		return nil, fault.New(fault.Invalid, "delegation_not_signed", nil)
	}
	return decode(field)
}

// decode reads base64 of a form. Fails with Invalid "signature_unreadable".
func decode(field string) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(field)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Invalid, Key: "signature_unreadable", Cause: err}
	}
	return raw, nil
}
