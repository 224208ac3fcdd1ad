package callback_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/vendors/callback"
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
	s := callback.New(t.Context(), slog.New(slog.DiscardHandler))
	s.Send(callback.Call{URL: srv.URL, ContentType: "text/plain", Body: []byte("hint")})
	s.Send(callback.Call{}) // no address: nothing happens
	s.Wait()
	require.EqualValues(t, 2, calls.Load())
}

func TestEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := callback.New(ctx, slog.New(slog.DiscardHandler))
	s.Send(callback.Call{URL: "http://127.0.0.1:1/", ContentType: "text/plain"})
	cancel()
	s.Wait() // returns long before the pauses are over
}
