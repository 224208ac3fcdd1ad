package renew

import (
	"context"
	"regexp"
	"time"
)

// Call is one request to the intake API that ended.
type Call struct {
	Name   string        // method and route: "GET /orders/{no}"
	Status int           // 0 where no answer came
	Code   string        // of the problem, "" without one
	Took   time.Duration // from the first byte sent to the last one read
}

// routes turn a path into its route, so that calls can be counted.
var routes = []struct {
	part  *regexp.Regexp
	route string
}{
	{regexp.MustCompile(`\?.*$`), ""},
	{regexp.MustCompile(`^/orders/[^/]+`), "/orders/{no}"},
	{regexp.MustCompile(`^/certificates/[^/]+`), "/certificates/{serial}"},
	{regexp.MustCompile(`^/updates/[^/]+`), "/updates/{id}"},
}

// watch starts the clock of a request; what it returns stops it. A request that ends because the caller's time is up
// tells nothing about the server and is not observed.
func (a *api) watch(method, path string) func(ctx context.Context, status int, code string) {
	if a.observe == nil {
		return func(context.Context, int, string) {}
	}
	for _, r := range routes {
		path = r.part.ReplaceAllString(path, r.route)
	}
	began := a.now()
	return func(ctx context.Context, status int, code string) {
		if status == 0 && ctx.Err() != nil {
			return
		}
		a.observe(Call{method + " " + path, status, code, a.now().Sub(began)})
	}
}
