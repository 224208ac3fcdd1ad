package callback_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/vendors/callback"
	"caconsole/cmd/applicant/vendors/trouble"
)

func TestRepeatsUntilAccepted(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer srv.Close()
	s := callback.New(t.Context(), &trouble.List{}, slog.New(slog.DiscardHandler))
	s.Send(callback.Call{URL: srv.URL, ContentType: "text/plain", Body: []byte("hint")})
	s.Send(callback.Call{}) // no address: nothing happens
	s.Wait()
	require.EqualValues(t, 2, calls.Load())
}

func TestGivesUp(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.WriteHeader(http.StatusNotFound)
	}))
	defer srv.Close()
	s := callback.New(t.Context(), &trouble.List{}, slog.New(slog.DiscardHandler))
	s.Send(callback.Call{URL: srv.URL, ContentType: "text/plain", Tries: 2, Taken: func() { t.Error("nobody took it") }})
	s.Wait()
	require.EqualValues(t, 2, calls.Load())
}

func TestEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := callback.New(ctx, &trouble.List{}, slog.New(slog.DiscardHandler))
	s.Send(callback.Call{URL: "http://127.0.0.1:1/", ContentType: "text/plain"})
	cancel()
	s.Wait() // returns long before the pauses are over
}

// customer keeps the bodies it was sent, in their order.
type customer struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
}

func newCustomer(t *testing.T) *customer {
	t.Helper()
	c := &customer{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.bodies = append(c.bodies, string(raw))
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *customer) got() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bodies
}

func TestFaultsOfNotices(t *testing.T) {
	t.Parallel()
	c, l := newCustomer(t), &trouble.List{}
	s := callback.New(t.Context(), l, slog.New(slog.DiscardHandler))
	send := func(body string) {
		s.Send(callback.Call{Vendor: trouble.WeChat, URL: c.URL, ContentType: "text/plain", Body: []byte(body)})
	}
	require.NoError(t, l.Order(trouble.Fault{Vendor: trouble.WeChat, Kind: trouble.Reorder, DelayMS: 10_000}))
	send("first")
	require.Empty(t, c.got())
	send("second")
	s.Wait()
	require.Equal(t, []string{"second", "first"}, c.got())

	require.NoError(t, l.Order(trouble.Fault{Vendor: trouble.WeChat, Kind: trouble.Duplicate}))
	send("twice")
	s.Wait()
	require.Equal(t, []string{"second", "first", "twice", "twice"}, c.got())

	require.NoError(t, l.Order(trouble.Fault{Vendor: trouble.WeChat, Kind: trouble.Delay, DelayMS: 40}))
	before := time.Now()
	send("late")
	s.Wait()
	require.GreaterOrEqual(t, time.Since(before), 40*time.Millisecond)
	require.Len(t, c.got(), 5)
}
