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
	get := func(headers ...string) (int, http.Header) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.base+"/crl/issuing.crl", nil)
		require.NoError(t, err)
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res.StatusCode, res.Header
	}
	status, header := get()
	require.Equal(t, http.StatusServiceUnavailable, status, "there is none yet")
	require.NotEmpty(t, header.Get("Retry-After"))

	require.NoError(t, h.flow.MakeList(t.Context()))
	status, header = get()
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "application/pkix-crl", header.Get("Content-Type"))
	require.Equal(t, "public, max-age=3600", header.Get("Cache-Control"))
	require.Equal(t, h.flow.Now().UTC().Format(http.TimeFormat), header.Get("Last-Modified"))
	for name, c := range map[string]struct {
		headers []string
		status  int
	}{
		"this list":                {[]string{"If-None-Match", header.Get("ETag")}, http.StatusNotModified},
		"another":                  {[]string{"If-None-Match", `"x"`, "If-Modified-Since", header.Get("Last-Modified")}, http.StatusOK},
		"of this time":             {[]string{"If-Modified-Since", header.Get("Last-Modified")}, http.StatusNotModified},
		"of a second before":       {[]string{"If-Modified-Since", h.flow.Now().Add(-time.Second).UTC().Format(http.TimeFormat)}, http.StatusOK},
		"of a time that says none": {[]string{"If-Modified-Since", "yesterday"}, http.StatusOK},
	} {
		status, again := get(c.headers...)
		require.Equal(t, c.status, status, name)
		require.Equal(t, header.Get("Cache-Control"), again.Get("Cache-Control"), name)
	}

	last, err := h.flow.Issuance.LastListHead(t.Context(), h.flow.DB.Read(t.Context()))
	require.NoError(t, err)
	h.clock.move(last.NextUpdate.Sub(h.flow.Now()) - time.Minute)
	_, header = get()
	require.Equal(t, "public, max-age=60", header.Get("Cache-Control"))
	h.clock.move(2 * time.Minute)
	_, header = get()
	require.Equal(t, "public, max-age=0", header.Get("Cache-Control"))
}
