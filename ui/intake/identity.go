package intake

import (
	"bytes"
	"image/png"
	"net/http"
	"time"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
	"github.com/gofiber/fiber/v2"

	"caconsole/admin/fault"
)

func postIdentitySession(c *call) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	no := c.param("no")
	session, err := c.s.flow.StartIdentity(c.UserContext(), c.actor, key, no)
	if err != nil {
		return err
	}
	return c.answer(http.StatusCreated, struct {
		URL       string    `json:"url"`
		QRPNGURL  string    `json:"qr_png_url"`
		ExpiresAt time.Time `json:"expires_at"`
	}{session.URL, "/api/v1/orders/" + no + "/identity/qr.png", session.ExpiresAt})
}

func getIdentity(c *call) error {
	status, err := c.s.flow.IdentityStatus(c.UserContext(), c.actor, c.param("no"))
	if err != nil {
		return err
	}
	out := struct {
		State     string     `json:"state"`
		Reason    string     `json:"reason,omitempty"`
		Sentence  string     `json:"sentence,omitempty"` // why the last try failed
		URL       string     `json:"url,omitempty"`
		ExpiresAt *time.Time `json:"expires_at,omitempty"`
	}{State: string(status.State), Reason: status.Reason, URL: status.URL}
	if status.Reason != "" {
		out.Sentence = c.sentence("hall.identity."+status.Reason, nil)
	}
	if status.URL != "" {
		out.ExpiresAt = &status.ExpiresAt
	}
	return c.answer(http.StatusOK, out)
}

const qrPixels = 264

// getIdentityQR draws the link of the try in progress; Conflict identity_not_started without one.
func getIdentityQR(c *call) error {
	status, err := c.s.flow.IdentityStatus(c.UserContext(), c.actor, c.param("no"))
	if err != nil {
		return err
	}
	if status.URL == "" {
		return fault.New(fault.Conflict, "identity_not_started", nil)
	}
	return c.picture(status.URL)
}

// picture answers with a text as a QR code.
func (c *call) picture(text string) error {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return fault.Wrap("qr_failed", err)
	}
	scaled, err := barcode.Scale(code, qrPixels, qrPixels)
	if err != nil {
		return fault.Wrap("qr_failed", err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, scaled); err != nil {
		return fault.Wrap("qr_failed", err)
	}
	c.Set(fiber.HeaderContentType, "image/png")
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Status(http.StatusOK).Send(b.Bytes())
}
