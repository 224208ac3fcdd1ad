package intake

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"caconsole/issuance"
)

// listLife is how long a cache keeps a revocation list at most. A list may be kept until the next one is due; but a new one
// comes at once when a certificate is revoked, and should not hide behind the last for days.
const listLife = time.Hour

// getRevocationList serves the list that certificates name in cRLDistributionPoints (RFC 5280 4.2.1.13): one DER CRL, as
// application/pkix-crl. One that is out of date is served all the same: who reads it sees that by itself. Lists are long,
// so whoever has the current one gets no more than that word.
func getRevocationList(c *call) error {
	l, err := c.s.flow.RevocationList(c.UserContext(), c.actor, c.param("name"))
	if err != nil {
		return err
	}
	keep := min(listLife, max(0, l.NextUpdate.Sub(c.s.flow.Now())))
	c.Set(fiber.HeaderCacheControl, "public, max-age="+strconv.Itoa(int(keep/time.Second)))
	c.Set(fiber.HeaderLastModified, l.ThisUpdate.UTC().Format(http.TimeFormat))
	tag := `"` + l.SM3.Hex() + `"`
	c.Set(fiber.HeaderETag, tag)
	if c.hasList(l, tag) {
		return c.SendStatus(http.StatusNotModified)
	}
	der, err := c.s.flow.RevocationListContent(c.UserContext(), l.Number)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/pkix-crl")
	return c.Status(http.StatusOK).Send(der)
}

// hasList reports whether the caller says that this is the list it has, by its tag or, without one, by its time (RFC 9110
// 13.2.2).
func (c *call) hasList(l issuance.List, tag string) bool {
	if tags := c.Get(fiber.HeaderIfNoneMatch); tags != "" {
		return matches(tags, tag)
	}
	since, err := http.ParseTime(c.Get(fiber.HeaderIfModifiedSince))
	return err == nil && !l.ThisUpdate.After(since)
}
