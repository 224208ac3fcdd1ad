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
	get := func(tag string) (int, http.Header) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.base+"/crl/issuing.crl", nil)
		require.NoError(t, err)
		req.Header.Set("If-None-Match", tag)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res.StatusCode, res.Header
	}
	status, header := get("")
	require.Equal(t, http.StatusServiceUnavailable, status, "there is none yet")
	require.NotEmpty(t, header.Get("Retry-After"))

	require.NoError(t, h.flow.MakeList(t.Context()))
	status, header = get("")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "application/pkix-crl", header.Get("Content-Type"))
	require.Equal(t, "public, max-age=3600", header.Get("Cache-Control"))
	require.Equal(t, h.flow.Now().UTC().Format(http.TimeFormat), header.Get("Last-Modified"))
	status, _ = get(header.Get("ETag"))
	require.Equal(t, http.StatusNotModified, status)

	last, err := h.flow.Issuance.LastListHead(t.Context(), h.flow.DB.Read(t.Context()))
	require.NoError(t, err)
	h.clock.move(last.NextUpdate.Sub(h.flow.Now()) - time.Minute)
	_, header = get("")
	require.Equal(t, "public, max-age=60", header.Get("Cache-Control"))
	h.clock.move(2 * time.Minute)
	_, header = get("")
	require.Equal(t, "public, max-age=0", header.Get("Cache-Control"))
}
