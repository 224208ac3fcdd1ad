package form

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/boombuler/barcode/qr"
	"github.com/signintech/gopdf"
	"golang.org/x/image/font/sfnt"

	"caconsole/admin/fault"
)

const family = "NotoSansSC"

// fonts is the font parsed for PDF, once: parsing takes longer than drawing a page.
var fonts = sync.OnceValues(func() (*gopdf.FontContainer, error) {
	c := &gopdf.FontContainer{}
	return c, c.AddTTFFontByReader(family, bytes.NewReader(notoSansSC))
})

// glyphs is the font parsed for looking characters up.
var glyphs = sync.OnceValues(func() (*sfnt.Font, error) { return sfnt.Parse(notoSansSC) })

// MissingGlyph returns the first character of a text that the font cannot draw, and whether there is one. Such a
// character would come out as an empty box, on a paper somebody signs.
func MissingGlyph(text string) (rune, bool, error) {
	f, err := glyphs()
	if err != nil {
		return 0, false, fmt.Errorf("form: font: %w", err)
	}
	var buf sfnt.Buffer
	for _, r := range text {
		i, err := f.GlyphIndex(&buf, r)
		if err != nil {
			return 0, false, fmt.Errorf("form: font: %w", err)
		}
		if i == 0 {
			return r, true, nil
		}
	}
	return 0, false, nil
}

// glyphFault names a character that cannot be printed.
func glyphFault(r rune) error {
	return fault.New(fault.Invalid, "form_glyph_missing", fault.Args{"char": string(r), "code": fmt.Sprintf("U+%04X", r)})
}

// canvas draws on an A4 page in points and remembers the first error, so that drawing code reads as a layout.
type canvas struct {
	pdf *gopdf.GoPdf
	err error
}

func newCanvas(title string, info gopdf.PdfInfo) (*canvas, error) {
	container, err := fonts()
	if err != nil {
		return nil, fmt.Errorf("form: font: %w", err)
	}
	pdf := &gopdf.GoPdf{}
	pdf.Start(gopdf.Config{PageSize: *gopdf.PageSizeA4})
	info.Title = title
	pdf.SetInfo(info)
	if err := pdf.AddTTFFontFromFontContainer(family, container); err != nil {
		return nil, fmt.Errorf("form: font: %w", err)
	}
	return &canvas{pdf: pdf}, nil
}

func (c *canvas) keep(err error) {
	if c.err == nil {
		c.err = err
	}
}

func (c *canvas) size(points float64) { c.keep(c.pdf.SetFont(family, "", points)) }

func (c *canvas) width(s string) float64 {
	w, err := c.pdf.MeasureTextWidth(s)
	c.keep(err)
	return w
}

// text draws one line with its top left corner at x, y, and refuses what the font cannot draw.
func (c *canvas) text(x, y float64, s string) {
	if c.err != nil || s == "" {
		return
	}
	r, missing, err := MissingGlyph(s)
	c.keep(err)
	if missing {
		c.keep(glyphFault(r))
	}
	if c.err != nil {
		return
	}
	c.pdf.SetXY(x, y)
	c.keep(c.pdf.Cell(nil, s))
}

// lines breaks a text for the current font size.
func (c *canvas) lines(s string, width float64) []string {
	if r, missing, err := MissingGlyph(s); err != nil || missing {
		c.keep(err)
		if missing {
			c.keep(glyphFault(r))
		}
		return nil
	}
	lines, err := breakLines(s, width, c.pdf.MeasureTextWidth)
	c.keep(err)
	return lines
}

func (c *canvas) rule(x0, y0, x1, y1, weight float64) {
	c.pdf.SetLineWidth(weight)
	c.pdf.Line(x0, y0, x1, y1)
}

func (c *canvas) box(x, y, w, h, weight float64) {
	c.pdf.SetLineWidth(weight)
	c.pdf.RectFromUpperLeftWithStyle(x, y, w, h, "D")
}

// code draws a QR code of error correction level M as filled squares, sharp at any print size. The quiet zone is the
// caller's margin.
func (c *canvas) code(x, y, side float64, content string) {
	code, err := qr.Encode(content, qr.M, qr.Auto)
	if err != nil {
		c.keep(fmt.Errorf("form: QR code: %w", err))
		return
	}
	n := code.Bounds().Dx()
	module := side / float64(n)
	c.pdf.SetFillColor(0, 0, 0)
	for row := range n {
		for from := 0; from < n; from++ {
			to := from
			for ; to < n && dark(code.At(to, row)); to++ {
			}
			if to > from { // one rectangle a run: neighbours drawn apart would show hairlines between them
				c.pdf.RectFromUpperLeftWithStyle(x+float64(from)*module, y+float64(row)*module, float64(to-from)*module, module, "F")
				from = to
			}
		}
	}
}

func dark(c interface{ RGBA() (r, g, b, a uint32) }) bool {
	r, _, _, _ := c.RGBA()
	return r < 0x8000
}
