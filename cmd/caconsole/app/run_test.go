package app

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// answer asks one of the addresses and returns status and body.
func answer(t *testing.T, method, url, contentType string, body io.Reader) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	require.NoError(t, err)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.StatusCode, string(text)
}

func TestServesBothAppsUntilToldToStop(t *testing.T) {
	c := open(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx, true) }()
	staff, public := c.URL("console"), c.URL("public")
	require.NotEqual(t, staff, public)

	status, _ := answer(t, http.MethodGet, public+"/readyz", "", nil)
	require.Equal(t, http.StatusOK, status)
	status, page := answer(t, http.MethodGet, staff+"/login", "", nil)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "<form")
	status, _ = answer(t, http.MethodGet, public+"/login", "", nil)
	require.Equal(t, http.StatusNotFound, status, "no staff page on the public address")
	status, page = answer(t, http.MethodGet, staff+"/api/v1/agreements", "", nil)
	require.Equal(t, http.StatusUnauthorized, status, "no API on the staff address")
	require.Contains(t, page, "<html")

	status, page = answer(t, http.MethodPost, staff+"/login", "application/x-www-form-urlencoded", strings.NewReader("x="+strings.Repeat("a", 2<<20)))
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, page, "内容超过 1 MB", "refused by its length, with a page")

	stop()
	select {
	case err := <-ended:
		require.NoError(t, err)
	case <-time.After(stopWithin):
		require.Fail(t, "it did not stop")
	}
}
