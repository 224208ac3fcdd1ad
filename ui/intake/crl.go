package intake

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
)

// listLife is how long a cache keeps a revocation list at most. A list may be kept until the next one is due; but a new one
// comes at once when a certificate is revoked, and should not hide behind the last for days.
const listLife = time.Hour

// getRevocationList serves the list that certificates name in cRLDistributionPoints (RFC 5280 4.2.1.13): one DER CRL, as
// application/pkix-crl. One that is out of date is served all the same: who reads it sees that by itself.
func getRevocationList(c *call) error {
	l, err := c.s.flow.RevocationList(c.UserContext(), c.actor, c.param("name"))
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderLastModified, l.ThisUpdate.UTC().Format(http.TimeFormat))
	if err := c.unlessSame("application/pkix-crl", l.DER); err != nil {
		return err
	}
	keep := min(listLife, max(0, l.NextUpdate.Sub(c.s.flow.Now())))
	c.Set(fiber.HeaderCacheControl, "public, max-age="+strconv.Itoa(int(keep/time.Second)))
	return nil
}
