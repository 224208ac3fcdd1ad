package page

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
)

const (
	sessionCookie = "caconsole_session"
	visitorCookie = "caconsole_visitor"
	flashCookie   = "caconsole_flash"
	langCookie    = "caconsole_lang"
	themeCookie   = "caconsole_theme"

	visitorAge = 12 * time.Hour
	flashAge   = time.Minute
	prefAge    = 365 * 24 * time.Hour
)

// cookieName binds a cookie to this host over TLS. On http://localhost browsers refuse the prefix.
func cookieName(name string, tls bool) string {
	if tls {
		return "__Host-" + name
	}
	return name
}

func (c *Ctx) cookie(name string) string { return c.f.Cookies(cookieName(name, c.router.deps.TLS)) }

// setCookie sets a cookie for a while; 0 takes it away.
func (c *Ctx) setCookie(name, value string, age time.Duration) {
	k := fiber.Cookie{
		Name: cookieName(name, c.router.deps.TLS), Value: value, Path: "/",
		HTTPOnly: true, Secure: c.router.deps.TLS, SameSite: fiber.CookieSameSiteLaxMode,
		MaxAge: int(age / time.Second),
	}
	if age == 0 {
		k.MaxAge = -1
		k.Expires = time.Unix(0, 0)
	}
	c.f.Cookie(&k)
}

// StartSession stores a session's token in the browser, for as long as the session can live.
func (c *Ctx) StartSession(token string, life time.Duration) {
	c.setCookie(sessionCookie, token, life)
	c.setCookie(visitorCookie, "", 0)
}

// EndSession removes the token from the browser.
func (c *Ctx) EndSession() { c.setCookie(sessionCookie, "", 0) }

// SessionToken returns the session token of the request, "" without one.
func (c *Ctx) SessionToken() string { return c.cookie(sessionCookie) }

// flash is a sentence that waits for the next page. It is rendered from the catalogue, so the cookie holds a key and
// values, and never personal data.
type flash struct {
	Key  string         `json:"k"`
	Args map[string]any `json:"a,omitempty"`
}

func (c *Ctx) setFlash(key string, args map[string]any) {
	raw, err := json.Marshal(flash{Key: key, Args: plainArgs(c.lang, args)})
	if err == nil {
		c.setCookie(flashCookie, base64.RawURLEncoding.EncodeToString(raw), flashAge)
	}
}

// takeFlash returns the waiting sentence and removes it.
func (c *Ctx) takeFlash() string {
	kept := c.cookie(flashCookie)
	if kept == "" {
		return ""
	}
	c.setCookie(flashCookie, "", 0)
	raw, err := base64.RawURLEncoding.DecodeString(kept)
	if err != nil {
		return ""
	}
	var f flash
	if json.Unmarshal(raw, &f) != nil || !c.router.render.catalogue.Has(f.Key) {
		return ""
	}
	return c.T(f.Key, f.Args)
}

// LocalPath returns where a form or a link wants to go next if that is a path of this site, else "".
func LocalPath(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return ""
	}
	return next
}
