package intake_test

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/ui/intake"
)

// param is a part of a path that a caller fills in.
var param = regexp.MustCompile(`:(\w+)`)

// fill puts a value into each parameter of a route's path.
func fill(path string, values map[string]string) string {
	return param.ReplaceAllStringFunc(path, func(p string) string { return values[p[1:]] })
}

// TestOtherApplicantsOrder makes every call below an order, of the route table, as another applicant and as nobody, each
// with the body its document shows. No call may tell that the order is there, and none may change it.
func TestOtherApplicantsOrder(t *testing.T) {
	h := newHall(t)
	d := readDescription(t)
	owner, stranger := h.login(phoneA).consent(), h.login(phoneB).consent()
	no := owner.post("/api/v1/orders", application(h.expired("3888000000000001"))).ok(http.StatusCreated).text("no")
	values := map[string]string{"no": no, "kind": "business_licence", "serial": "1", "id": "1", "vendor": "played", "name": "x"}
	before := owner.get("/api/v1/orders/" + no).ok(http.StatusOK).header.Get("ETag")
	walked := 0
	for _, r := range intake.Routes() {
		below := false
		for _, p := range param.FindAllStringSubmatch(r.Path, -1) {
			require.Contains(t, values, p[1], "a parameter this test does not know: does it lead to an order?")
			below = below || p[1] == "no"
		}
		if !below {
			continue
		}
		walked++
		require.Equal(t, intake.PermApplicant, r.Permission, "%s %s", r.Method, r.Path)
		path := fill(r.Path, values)
		_, op, found := d.operation(r.Method, path)
		require.True(t, found, "%s %s", r.Method, r.Path)
		body := d.body(t, op, "", documented{}, facts{})
		stranger.call(r.Method, path, body, "Content-Type", contentType(op)).refused(http.StatusNotFound, "order_unknown", "", "")
		h.visitor().call(r.Method, path, body, "Content-Type", contentType(op)).refused(http.StatusUnauthorized, "login_required", "", "")
	}
	require.GreaterOrEqual(t, walked, 11)
	require.Empty(t, stranger.get("/api/v1/orders").ok(http.StatusOK).json()["orders"])
	require.Equal(t, before, owner.get("/api/v1/orders/"+no).ok(http.StatusOK).header.Get("ETag"), "nothing has changed")
}
