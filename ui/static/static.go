// Package static serves the console's style sheet, scripts and pictures from memory.
//
// Every file has a URL with a digest of its content, so that browsers may keep it for ever and a new version is a new
// URL. Vendored files lie unchanged in vendor (see VENDOR.md). The style sheet is one file: Tabler inside a cascade
// layer, then our own app.css, whose rules win over any rule in a layer whatever its selector.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/gofiber/fiber/v2"
)

//go:embed app.css app.js sign.js keys.js icons.svg icon.svg guilloche.svg vendor/*.css vendor/*.js
var files embed.FS

// Prefix is the path under which all assets are served.
const Prefix = "/static/"

// bundles lists what pages ask for by name and the files each is made of. The style sheet comes last: it names others.
var bundles = []struct {
	name  string
	files []string
}{
	{"guilloche.svg", []string{"guilloche.svg"}},
	{"icon.svg", []string{"icon.svg"}},
	{"icons.svg", []string{"icons.svg"}},
	{"app.js", []string{"vendor/htmx.min.js", "sign.js", "keys.js", "app.js"}},
	{"app.css", []string{"app.css"}},
}

// types names the media types here, because the table of package mime depends on the machine.
var types = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// asset is one file ready to be sent. The compressed forms are made when first asked for.
type asset struct {
	mime   string
	plain  []byte
	gzip   func() []byte
	brotli func() []byte
}

// Assets holds all files and their URLs.
type Assets struct {
	byURL map[string]*asset
	urls  map[string]string
	icons map[string]bool
}

// New reads and joins the embedded files. An error means the program was built wrongly.
func New() (*Assets, error) {
	a := &Assets{byURL: map[string]*asset{}, urls: map[string]string{}, icons: map[string]bool{}}
	for _, b := range bundles {
		data, err := join(b.files)
		if err != nil {
			return nil, err
		}
		if b.name == "app.css" {
			if data, err = a.styles(data); err != nil {
				return nil, err
			}
		}
		a.add(b.name, data)
	}
	for _, part := range strings.Split(string(a.byURL[a.urls["icons.svg"]].plain), `<symbol id="`)[1:] {
		id, _, _ := strings.Cut(part, `"`)
		a.icons[id] = true
	}
	return a, nil
}

// styles puts Tabler into its layer and gives the pictures named in app.css their URLs.
func (a *Assets) styles(own []byte) ([]byte, error) {
	tabler, err := files.ReadFile("vendor/tabler.min.css")
	if err != nil {
		return nil, fmt.Errorf("read tabler.min.css: %w", err)
	}
	// A @charset rule is valid at the head of a file only; all our files are UTF-8 by their Content-Type.
	tabler = bytes.TrimPrefix(tabler, []byte(`@charset "UTF-8";`))
	own = bytes.ReplaceAll(own, []byte("guilloche.svg"), []byte(a.urls["guilloche.svg"]))
	return bytes.Join([][]byte{[]byte("@layer vendor{"), tabler, []byte("}\n"), own}, nil), nil
}

func join(names []string) ([]byte, error) {
	var out bytes.Buffer
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		out.Write(data)
		out.WriteByte('\n')
	}
	return out.Bytes(), nil
}

func (a *Assets) add(name string, data []byte) {
	sum := sha256.Sum256(data)
	ext := path.Ext(name)
	url := Prefix + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:8]) + ext
	a.urls[name] = url
	a.byURL[url] = &asset{
		mime:   types[ext],
		plain:  data,
		gzip:   sync.OnceValue(func() []byte { return gzipped(data) }),
		brotli: sync.OnceValue(func() []byte { return brotlied(data) }),
	}
}

// URL gives the address of a named asset ("app.css"), or "" if there is none.
func (a *Assets) URL(name string) string { return a.urls[name] }

// HasIcon reports whether the sprite holds an icon.
func (a *Assets) HasIcon(name string) bool { return a.icons[name] }

// Handler answers GET Prefix*. What is not there is left to the next handler.
func (a *Assets) Handler(c *fiber.Ctx) error {
	f, ok := a.byURL[c.Path()]
	if !ok {
		return c.Next()
	}
	c.Set(fiber.HeaderContentType, f.mime)
	c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	c.Set(fiber.HeaderVary, fiber.HeaderAcceptEncoding)
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set("Cross-Origin-Resource-Policy", "same-origin")
	if c.Get(fiber.HeaderAcceptEncoding) == "" {
		return c.Send(f.plain)
	}
	switch c.AcceptsEncodings("br", "gzip") {
	case "br":
		c.Set(fiber.HeaderContentEncoding, "br")
		return c.Send(f.brotli())
	case "gzip":
		c.Set(fiber.HeaderContentEncoding, "gzip")
		return c.Send(f.gzip())
	}
	return c.Send(f.plain)
}

// Writes to a bytes.Buffer cannot fail, so the two compressors have no error to report.

func gzipped(data []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	_, _ = w.Write(data)
	_ = w.Close()
	return out.Bytes()
}

func brotlied(data []byte) []byte {
	var out bytes.Buffer
	w := brotli.NewWriterLevel(&out, 9)
	_, _ = w.Write(data)
	_ = w.Close()
	return out.Bytes()
}
