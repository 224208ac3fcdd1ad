package page

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/url"

	"github.com/gofiber/fiber/v2"

	"caconsole/admin/fault"
)

const (
	// csrfField is the form field of the token; htmx sends forms, so the field is enough.
	csrfField = "csrf"
	csrfBytes = sha256.Size
)

// checkOrigin lets a changing request through only if it comes from our own pages: the browser says so where it can
// (Sec-Fetch-Site, else Origin), and the form carries the token of this session. A client that is no browser sends
// neither header and is held by the token alone.
func (c *Ctx) checkOrigin() error {
	refused := fault.New(fault.Forbidden, "form_expired", nil)
	if site := c.f.Get("Sec-Fetch-Site"); site != "" {
		if site != "same-origin" && site != "none" {
			return refused
		}
	} else if origin := c.f.Get(fiber.HeaderOrigin); origin != "" {
		u, err := url.Parse(origin)
		if err != nil || u.Host != string(c.f.Request().Host()) {
			return refused
		}
	}
	if !validToken(c.secret(), c.f.FormValue(csrfField)) {
		return refused
	}
	return nil
}

// secret is what the form token is bound to: the session, or before log-in a random cookie of the visitor.
func (c *Ctx) secret() string {
	if s := c.cookie(sessionCookie); s != "" {
		return s
	}
	return c.cookie(visitorCookie)
}

// FormToken returns the token a form of this page carries, freshly masked, so that compressed pages do not leak it byte by byte.
func (c *Ctx) FormToken() string {
	secret := c.secret()
	if secret == "" {
		var raw [18]byte
		_, _ = rand.Read(raw[:])
		secret = base64.RawURLEncoding.EncodeToString(raw[:])
		c.setCookie(visitorCookie, secret, visitorAge)
	}
	out := make([]byte, 2*csrfBytes)
	_, _ = rand.Read(out[:csrfBytes])
	subtle.XORBytes(out[csrfBytes:], out[:csrfBytes], tokenOf(secret))
	return base64.RawURLEncoding.EncodeToString(out)
}

func validToken(secret, sent string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(sent)
	if err != nil || len(raw) != 2*csrfBytes || secret == "" {
		return false
	}
	plain := make([]byte, csrfBytes)
	subtle.XORBytes(plain, raw[:csrfBytes], raw[csrfBytes:])
	return hmac.Equal(plain, tokenOf(secret))
}

func tokenOf(secret string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("caconsole/form"))
	return mac.Sum(nil)
}
