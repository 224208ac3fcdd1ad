package page

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// Address returns where a request comes from: its peer, or, behind the app's trusted proxies, the last address of
// X-Forwarded-For that is none of them. What stands further left is the client's own claim. (Fiber's IP takes the first
// one, so that whoever writes the header chooses whose rate limit is used up.)
func Address(f *fiber.Ctx) string {
	from := f.IP() // the peer, for the app names no ProxyHeader
	if !f.IsProxyTrusted() {
		return from
	}
	proxies := f.App().Config().TrustedProxies
	lines := f.Request().Header.PeekAll(fiber.HeaderXForwardedFor) // some proxies append a line of their own
	hops := strings.Split(string(bytes.Join(lines, []byte(","))), ",")
	for _, hop := range slices.Backward(hops) {
		at, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			return from
		}
		from = at.Unmap().String()
		if !trusted(proxies, at.Unmap()) {
			return from
		}
	}
	return from
}

// trusted tells whether an address is one of the proxies, which are addresses and networks.
func trusted(proxies []string, at netip.Addr) bool {
	return slices.ContainsFunc(proxies, func(p string) bool {
		if net, err := netip.ParsePrefix(p); err == nil {
			return net.Contains(at)
		}
		one, err := netip.ParseAddr(p)
		return err == nil && one.Unmap() == at
	})
}
