package intake

import (
	"context"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// A vendor's callback is stored before a byte of it is believed. The answers are what each vendor takes for "received".

func postIdentityCallback(c *call) error {
	return c.received(c.s.flow.IdentityCallback, `{"code":0}`)
}

func postInvoiceCallback(c *call) error {
	return c.received(c.s.flow.InvoiceCallback, `{"status":"0000","message":"ok"}`)
}

func postSMSCallback(c *call) error {
	return c.received(c.s.flow.SMSCallback, `{"result":0,"errmsg":"OK"}`)
}

func (c *call) received(take func(ctx context.Context, vendor string, headers map[string]string, body []byte) error, answer string) error {
	if err := take(c.UserContext(), c.param("vendor"), c.callbackHeaders(), c.Body()); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSONCharsetUTF8)
	return c.Status(http.StatusOK).SendString(answer)
}

// callbackHeaders are the headers a vendor's proof may stand in; the rest is not kept, for they are kept in clear.
func (c *call) callbackHeaders() map[string]string {
	out := map[string]string{}
	for name, values := range c.GetReqHeaders() {
		lower := strings.ToLower(name)
		signed := strings.Contains(lower, "sign") || strings.Contains(lower, "timestamp") || strings.Contains(lower, "nonce")
		if signed || lower == "content-type" || lower == "user-agent" {
			out[lower] = strings.Join(values, ", ")
		}
	}
	return out
}
