package intake

import (
	"github.com/gofiber/fiber/v2"
)

// caLife is how long a cache may keep a CA certificate, in seconds: it changes with the CA only, once in many years.
const caLife = "3600"

// getCACertificate serves the certificates that end certificates name in authorityInfoAccess (RFC 5280 4.2.2.1): one
// DER certificate, as application/pkix-cert.
func getCACertificate(c *call) error {
	der, err := c.s.flow.CACertificate(c.UserContext(), c.Params("name"))
	if err != nil {
		return err
	}
	if err := c.unlessSame("application/pkix-cert", der); err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "public, max-age="+caLife)
	return nil
}
