package page

import (
	"slices"

	"github.com/gofiber/fiber/v2"
)

// Languages lists the catalogue's languages, the first being the default.
var Languages = []string{"zh", "en"}

// preferred reads language and theme; anything unknown is the default.
func preferred(f *fiber.Ctx, tls bool) (lang, theme string) {
	lang, theme = Languages[0], "light"
	if v := f.Cookies(cookieName(langCookie, tls)); slices.Contains(Languages, v) {
		lang = v
	}
	if f.Cookies(cookieName(themeCookie, tls)) == "dark" {
		theme = "dark"
	}
	return lang, theme
}

// preferences adds the two plain forms of the top bar. They are public: the log-in page has them too.
func (r *Router) preferences() {
	r.Public(fiber.MethodPost, "/preferences/language", func(c *Ctx) error {
		if v := c.f.FormValue("value"); slices.Contains(Languages, v) {
			c.setCookie(langCookie, v, prefAge)
		}
		return c.back()
	})
	r.Public(fiber.MethodPost, "/preferences/theme", func(c *Ctx) error {
		v := "light"
		if c.f.FormValue("value") == "dark" {
			v = "dark"
		}
		c.setCookie(themeCookie, v, prefAge)
		return c.back()
	})
}

// back returns to the page the form stood on.
func (c *Ctx) back() error {
	next := LocalPath(c.f.FormValue("back"))
	if next == "" {
		next = "/"
	}
	return c.f.Redirect(next, fiber.StatusSeeOther)
}
