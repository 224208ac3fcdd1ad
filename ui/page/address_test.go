package page_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"

	"caconsole/ui/page"
)

// Requests of app.Test come from 0.0.0.0.
func TestAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		proxies []string
		headers []string
		want    string
	}{
		"no proxy":                    {nil, nil, "0.0.0.0"},
		"a header nobody is believed": {nil, []string{"192.0.2.1"}, "0.0.0.0"},
		"behind a proxy":              {[]string{"0.0.0.0"}, []string{"192.0.2.1"}, "192.0.2.1"},
		"a claim before it":           {[]string{"0.0.0.0"}, []string{"198.51.100.7, 192.0.2.1"}, "192.0.2.1"},
		"a claim in a line before it": {[]string{"0.0.0.0"}, []string{"198.51.100.7", "192.0.2.1"}, "192.0.2.1"},
		"two proxies":                 {[]string{"0.0.0.0", "10.1.0.0/16"}, []string{"198.51.100.7, 192.0.2.1, 10.1.2.3"}, "192.0.2.1"},
		"nothing but proxies":         {[]string{"0.0.0.0", "10.1.0.0/16"}, []string{"10.1.2.3"}, "10.1.2.3"},
		"mapped":                      {[]string{"0.0.0.0"}, []string{"::ffff:192.0.2.1"}, "192.0.2.1"},
		"nonsense":                    {[]string{"0.0.0.0"}, []string{"192.0.2.1, <script>"}, "0.0.0.0"},
		"without the header":          {[]string{"0.0.0.0"}, nil, "0.0.0.0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := fiber.New(fiber.Config{EnableTrustedProxyCheck: true, TrustedProxies: c.proxies, DisableStartupMessage: true})
			var got string
			app.Get("/", func(f *fiber.Ctx) error { got = page.Address(f); return nil })
			req := httptest.NewRequest(http.MethodGet, "/", nil)
			for _, h := range c.headers {
				req.Header.Add("X-Forwarded-For", h)
			}
			res, err := app.Test(req)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, c.want, got)
		})
	}
}
