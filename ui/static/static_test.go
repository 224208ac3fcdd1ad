package static

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"
)

func TestVendorHashes(t *testing.T) {
	list, err := os.Open("VENDOR.md")
	require.NoError(t, err)
	defer list.Close()
	seen := 0
	for s := bufio.NewScanner(list); s.Scan(); {
		cells := strings.Split(s.Text(), "|")
		if len(cells) < 7 || len(strings.TrimSpace(cells[5])) != sha256.Size*2 {
			continue
		}
		file, _, _ := strings.Cut(strings.TrimSpace(cells[1]), " ")
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		sum := sha256.Sum256(data)
		require.Equal(t, strings.TrimSpace(cells[5]), hex.EncodeToString(sum[:]), cells[1])
		seen++
	}
	require.Equal(t, 3, seen)
}

func TestHandler(t *testing.T) {
	a, err := New()
	require.NoError(t, err)
	app := fiber.New(fiber.Config{Immutable: true})
	app.Get(Prefix+"*", a.Handler)
	get := func(target, accepts string) (int, string, string, int) {
		r := httptest.NewRequest("GET", target, nil)
		r.Header.Set("Accept-Encoding", accepts)
		res, err := app.Test(r, -1)
		require.NoError(t, err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return res.StatusCode, res.Header.Get("Content-Type"), res.Header.Get("Content-Encoding"), len(body)
	}
	for _, b := range bundles {
		name := b.name
		status, mime, enc, plain := get(a.URL(name), "")
		require.Equal(t, 200, status, name)
		require.NotEmpty(t, mime, name)
		require.Empty(t, enc)
		for _, want := range []string{"br", "gzip"} {
			_, _, enc, packed := get(a.URL(name), want)
			require.Equal(t, want, enc)
			require.Less(t, packed, plain, name)
		}
	}
	status, _, _, _ := get(Prefix+"app.css", "")
	require.Equal(t, 404, status, "only the URL with the digest is served")
	require.Empty(t, a.URL("nothing"))
	require.True(t, a.HasIcon("check"))
	require.False(t, a.HasIcon("unicorn"))
}

// The budget of a page's styles and scripts is 130 kB as sent.
func TestWeight(t *testing.T) {
	a, err := New()
	require.NoError(t, err)
	own, err := files.ReadFile("app.js")
	require.NoError(t, err)
	require.Less(t, len(own), 10<<10)
	sum := 0
	for _, name := range []string{"app.css", "app.js", "icons.svg"} {
		sum += len(a.byURL[a.URL(name)].brotli())
	}
	require.Less(t, sum, 130<<10)
}
