package intake_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/pg"
)

// drain takes what is left in the rate limits of a kind.
func (h *hall) drain(kind string) {
	h.t.Helper()
	h.tx(func(_ context.Context, tx pg.Tx) error {
		done := tx.Gorm().Exec("UPDATE throttle_bucket SET tokens = 0 WHERE bucket LIKE ?", kind+":%")
		require.Positive(h.t, done.RowsAffected, "no such limit: %s", kind)
		return done.Error
	})
}

// TestTooManyCallbacks: an address that posts without end is told to come again later, and a real notice that was among
// what was turned away has its effect when its vendor sends it again.
func TestTooManyCallbacks(t *testing.T) {
	h := newHall(t)
	c := h.login(phoneA).consent()
	no := c.post("/api/v1/orders", application(h.expired("3888000000000001"))).ok(http.StatusCreated).text("no")
	h.work()
	c.post("/api/v1/orders/"+no+"/identity-sessions", nil).ok(http.StatusCreated)
	h.face.appear("张敏", "11010519491231002X", 9000)
	v, notice := h.visitor(), "token="+h.face.token
	v.post("/api/v1/callbacks/sms/played", "flood").refused(http.StatusNotFound, "callback_unknown", "", "")
	h.drain("callback")
	for _, path := range []string{"identity", "invoices", "sms"} {
		turnedAway := v.post("/api/v1/callbacks/"+path+"/played", notice)
		turnedAway.refused(http.StatusTooManyRequests, "too_many_attempts", "", "")
		require.Equal(t, "1", turnedAway.header.Get("Retry-After"))
	}
	h.work()
	require.Equal(t, "pending", c.gates(no)["identity"])
	h.clock.move(time.Second)
	v.post("/api/v1/callbacks/identity/played", notice).ok(http.StatusOK)
	h.work()
	require.Equal(t, "passed", c.gates(no)["identity"])
}

// TestPhoneComesBack: the page says where to go on, and what the phone brings along is as good as the vendor's notice.
func TestPhoneComesBack(t *testing.T) {
	h := newHall(t)
	c := h.login(phoneA).consent()
	no := c.post("/api/v1/orders", application(h.expired("3888000000000001"))).ok(http.StatusCreated).text("no")
	h.work()
	c.post("/api/v1/orders/"+no+"/identity-sessions", nil).ok(http.StatusCreated)
	h.face.appear("张敏", "11010519491231002X", 9000)
	v := h.visitor()
	for _, brought := range []string{"", "?", "?token=made-up", "?%00", "?" + strings.Repeat("x", 5000)} {
		page := v.get("/api/v1/callbacks/identity/played" + brought).ok(http.StatusOK)
		require.Contains(t, string(page.body), "请回到电脑")
		require.Contains(t, page.header.Get("Content-Security-Policy"), "default-src 'none'")
	}
	h.work()
	require.Equal(t, "pending", c.gates(no)["identity"])
	page := v.get("/api/v1/callbacks/identity/played?token="+h.face.token, "Accept-Language", "en").ok(http.StatusOK)
	require.Contains(t, string(page.body), "your PC")
	h.work()
	require.Equal(t, "passed", c.gates(no)["identity"])
}

// TestProofsAreCounted: per session, so that one that is tried without end does not stop the others.
func TestProofsAreCounted(t *testing.T) {
	h := newHall(t)
	w := &world{hall: h, kept: map[string]facts{}}
	f, _, _ := w.session()
	other, _, _ := w.session()
	prove := func(f facts, signature string) reply {
		return h.visitor().post("/api/v1/updates/"+f.value["id"]+"/proof", map[string]string{"signature": signature})
	}
	for range 10 {
		prove(f, "AAAA").refused(http.StatusForbidden, "signature_wrong", "", "")
	}
	limited := prove(f, f.value["signature"])
	limited.refused(http.StatusTooManyRequests, "too_many_attempts", "", "")
	require.NotEmpty(t, limited.header.Get("Retry-After"))
	prove(other, other.value["signature"]).ok(http.StatusAccepted)
}
