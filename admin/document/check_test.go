package document_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"os"
	"testing"

	"github.com/signintech/gopdf"
	"github.com/stretchr/testify/require"

	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/seal"
)

func TestCheckByContent(t *testing.T) {
	t.Parallel()
	d := document.New(nil, seal.Vault{}, now)
	jpg, pngFile := asJPEG(t, picture(60, 40, 0)), asPNG(t, picture(60, 40, 0))
	for name, c := range map[string]struct {
		body []byte
		key  string // "" where it is admitted
		mime string
		page int
	}{
		"jpeg":                {jpg, "", "image/jpeg", 1},
		"png":                 {pngFile, "", "image/png", 1},
		"pdf":                 {asPDF(t, 3, gopdf.PDFProtectionConfig{}), "", "application/pdf", 3},
		"pdf of 20 pages":     {asPDF(t, 20, gopdf.PDFProtectionConfig{}), "", "application/pdf", 20},
		"pdf of 21 pages":     {asPDF(t, 21, gopdf.PDFProtectionConfig{}), "document_too_many_pages", "", 0},
		"pdf with a password": {asPDF(t, 1, gopdf.PDFProtectionConfig{UseProtection: true, UserPass: []byte("u"), OwnerPass: []byte("o")}), "document_encrypted", "", 0},
		"pdf with rights":     {asPDF(t, 1, gopdf.PDFProtectionConfig{UseProtection: true, Permissions: gopdf.PermissionsPrint, OwnerPass: []byte("o")}), "document_encrypted", "", 0},
		"broken pdf":          {[]byte("%PDF-1.7\n1 0 obj\n<<>>\n%%EOF"), "document_unreadable", "", 0},
		"nothing":             {nil, "document_empty", "", 0},
		"one byte too big":    {make([]byte, document.MaxBytes+1), "document_too_large", "", 0},
		"text":                {[]byte("hello"), "document_type", "", 0},
		"gif":                 {[]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), "document_type", "", 0},
		"html":                {[]byte("<html><script>alert(1)</script>"), "document_type", "", 0},
		"svg":                 {[]byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`), "document_type", "", 0},
		"half a jpeg":         {jpg[:len(jpg)/2], "document_unreadable", "", 0},
		"half a png":          {pngFile[:len(pngFile)/2], "document_unreadable", "", 0},
		"png bomb":            {hugePNG(30_000, 30_000), "document_too_many_pixels", "", 0},
		"png of nothing":      {hugePNG(0, 7), "document_unreadable", "", 0},
	} {
		f, err := d.Check(t.Context(), c.body)
		if c.key != "" {
			require.True(t, fault.HasKey(err, c.key), "%s: %v", name, err)
			require.True(t, fault.Is(err, fault.Invalid), name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, c.mime, f.Mime, name)
		require.Equal(t, c.page, f.Pages, name)
	}
}

// hugePNG is a header that claims a size and has no pixels.
func hugePNG(w, h uint32) []byte {
	chunk := append([]byte("IHDR"), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)...)
	chunk = append(chunk, 8, 2, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	out = append(out, chunk...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(chunk))
}

func TestMain(m *testing.M) {
	// Started here and not in the first test that needs it, whose time limits it would use up.
	if err := document.Warm(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// withEXIF puts an orientation into a JPEG, in either byte order.
func withEXIF(jpg []byte, order binary.ByteOrder, orientation uint16) []byte {
	tiff := []byte("II*\x00")
	if order == binary.BigEndian {
		tiff = []byte("MM\x00*")
	}
	u16 := func(v uint16) { b := make([]byte, 2); order.PutUint16(b, v); tiff = append(tiff, b...) }
	u32 := func(v uint32) { b := make([]byte, 4); order.PutUint32(b, v); tiff = append(tiff, b...) }
	u32(8)
	u16(2)
	for _, e := range []struct{ tag, value uint16 }{{0x0100, 9}, {0x0112, orientation}} {
		u16(e.tag)
		u16(3)
		u32(1)
		u16(e.value)
		u16(0)
	}
	u32(0)
	seg := append([]byte("Exif\x00\x00"), tiff...)
	out := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(seg)+2))...)
	return append(append(out, seg...), jpg[2:]...)
}

// corner says where the red corner of an image is: 0 upper left, 1 upper right, 2 lower right, 3 lower left.
func corner(t *testing.T, img image.Image) int {
	t.Helper()
	b := img.Bounds()
	for i, p := range []image.Point{{b.Dx() / 16, b.Dy() / 16}, {b.Dx() * 15 / 16, b.Dy() / 16}, {b.Dx() * 15 / 16, b.Dy() * 15 / 16}, {b.Dx() / 16, b.Dy() * 15 / 16}} {
		if r, g, _, _ := img.At(b.Min.X+p.X, b.Min.Y+p.Y).RGBA(); r > 0x8000 && g < 0x6000 {
			return i
		}
	}
	t.Fatal("no red corner")
	return -1
}

func decodeJPEG(t *testing.T, body []byte) image.Image {
	t.Helper()
	img, format, err := image.Decode(bytes.NewReader(body))
	require.NoError(t, err)
	require.Equal(t, "jpeg", format)
	return img
}
