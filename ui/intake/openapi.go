package intake

import (
	_ "embed"
	"net/http"

	"github.com/gofiber/fiber/v2"
)

//go:embed openapi.yaml
var openAPI []byte

// getOpenAPI sends the API's own description, which a test holds true.
func getOpenAPI(c *call) error {
	c.Set(fiber.HeaderContentType, "application/yaml; charset=utf-8")
	return c.Status(http.StatusOK).Send(openAPI)
}
