package intake_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The list is served with what a cache needs: until when it may be kept, and what to ask for it by.
func TestRevocationListIsServed(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	get := func(tag string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.base+"/crl/issuing.crl", nil)
		require.NoError(t, err)
		req.Header.Set("If-None-Match", tag)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res
	}
	res := get("")
	require.Equal(t, http.StatusServiceUnavailable, res.StatusCode, "there is none yet")
	require.NotEmpty(t, res.Header.Get("Retry-After"))

	require.NoError(t, h.flow.MakeList(t.Context()))
	res = get("")
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, "application/pkix-crl", res.Header.Get("Content-Type"))
	require.Equal(t, "public, max-age=3600", res.Header.Get("Cache-Control"))
	require.Equal(t, h.flow.Now().UTC().Format(http.TimeFormat), res.Header.Get("Last-Modified"))
	require.Equal(t, http.StatusNotModified, get(res.Header.Get("ETag")).StatusCode)

	last, err := h.flow.Issuance.LastListHead(t.Context(), h.flow.DB.Read(t.Context()))
	require.NoError(t, err)
	h.clock.move(last.NextUpdate.Sub(h.flow.Now()) - time.Minute)
	require.Equal(t, "public, max-age=60", get("").Header.Get("Cache-Control"))
	h.clock.move(2 * time.Minute)
	require.Equal(t, "public, max-age=0", get("").Header.Get("Cache-Control"))
}
