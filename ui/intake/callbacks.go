package intake

import (
	"context"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/ui/page"
)

// A vendor's callback is stored before a byte of it is believed. The answers are what each vendor takes for "received".

func postIdentityCallback(c *call) error {
	return c.received(c.s.flow.IdentityCallback, `{"code":0}`)
}

// getIdentityReturn is where the agent's phone lands when the vendor is done with it: a page that sends the agent back to
// the PC. What the phone brings along is a hint like a callback; whether it helps is nothing the agent can mend.
func getIdentityReturn(c *call) error {
	if brought := c.Request().URI().QueryString(); len(brought) > 0 {
		err := c.s.flow.IdentityCallback(c.UserContext(), c.actor, c.param("vendor"), c.callbackHeaders(), brought)
		if fault.Is(err, fault.Internal) {
			return err
		}
	}
	return c.html(http.StatusOK, returnPage, struct{ Lang, Title, Hint string }{
		languageOf(c.Ctx), c.sentence("identity_return.title", nil), c.sentence("identity_return.hint", nil),
	})
}

func postInvoiceCallback(c *call) error {
	return c.received(c.s.flow.InvoiceCallback, `{"status":"0000","message":"ok"}`)
}

func postSMSCallback(c *call) error {
	return c.received(c.s.flow.SMSCallback, `{"result":0,"errmsg":"OK"}`)
}

// postWeChatNotice answers as WeChat Pay wants it: 204, or a code that has the notice sent again.
func postWeChatNotice(c *call) error {
	err := c.notice("wechat")
	if err == nil {
		return c.SendStatus(http.StatusNoContent)
	}
	f := fault.Of(err)
	return c.answer(page.StatusCode(f.Kind), struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}{"FAIL", f.Key})
}

// postAlipayNotice answers as Alipay wants it: seven letters, or anything else that has the notice sent again.
func postAlipayNotice(c *call) error {
	c.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
	if err := c.notice("alipay"); err != nil {
		return c.Status(page.StatusCode(fault.Of(err).Kind)).SendString("failure")
	}
	return c.Status(http.StatusOK).SendString("success")
}

// notice hands a payment vendor's notice on. What is our own mistake is logged here, for the answer does not tell it.
func (c *call) notice(vendor string) error {
	err := c.s.flow.PaymentNotice(c.UserContext(), c.actor, vendor, c.callbackHeaders(), c.Body())
	if fault.Is(err, fault.Internal) {
		c.s.log.ErrorContext(c.UserContext(), "payment notice failed", "vendor", vendor, "request_id", requestID(c.Ctx), "error", err.Error())
	}
	return err
}

func (c *call) received(take func(ctx context.Context, a actor.Actor, vendor string, headers map[string]string, body []byte) error, answer string) error {
	if err := take(c.UserContext(), c.actor, c.param("vendor"), c.callbackHeaders(), c.Body()); err != nil {
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
		if signed || lower == "wechatpay-serial" || lower == "content-type" || lower == "user-agent" {
			out[lower] = strings.Join(values, ", ")
		}
	}
	return out
}
