// Package paper draws the papers an applicant would scan and photograph: the application form signed and stamped, the
// business licence, the remittance voucher, an identity card and a face.
//
// Everything is synthetic, says so on its face (样例), and is repeatable: the same seed draws the same bytes. The
// results are JPEG files with the faults of a scan: slightly turned, greyish, a little noise.
package paper

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
)

// ErrNoFont says that no font with Chinese characters was found.
var ErrNoFont = errors.New("no font with Chinese characters found")

// Painter draws with one font. It may be used by several goroutines at once, and remembers what many papers share: the
// outlines of characters, empty forms, the 样例 across them.
type Painter struct {
	font    *sfnt.Font
	glyphs  sync.Map // of rune: glyph
	grounds sync.Map // of name: *canvas
	marks   sync.Map // of mark: *image.Alpha
}

// New makes a painter of a TrueType or OpenType font, or of the Simplified Chinese member of a collection.
func New(ttf []byte) (*Painter, error) {
	fonts, err := opentype.ParseCollection(ttf)
	if err != nil {
		return nil, fmt.Errorf("parse font: %w", err)
	}
	var first *sfnt.Font
	for i := range fonts.NumFonts() {
		f, err := fonts.Font(i)
		if err != nil {
			return nil, fmt.Errorf("parse font: %w", err)
		}
		if !has(f, '鲜') {
			continue
		}
		if name, err := f.Name(nil, sfnt.NameIDFull); err == nil && strings.Contains(name, " SC") {
			return &Painter{font: f}, nil
		}
		if first == nil {
			first = f
		}
	}
	if first == nil {
		return nil, ErrNoFont
	}
	return &Painter{font: first}, nil
}

func has(f *sfnt.Font, r rune) bool {
	i, err := f.GlyphIndex(nil, r)
	return err == nil && i != 0
}

// system is where Debian's packages fonts-noto-cjk, fonts-droid-fallback and fonts-wqy-* put their fonts.
var system = []string{
	"/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
	"/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
	"/usr/share/fonts/truetype/wqy/*.ttc",
	"/usr/share/fonts/*/*/*SC*.ttf",
}

// Open makes a painter of the font file at path, or, when path is empty, of the first fitting font of the system.
func Open(path string) (*Painter, error) {
	if path != "" {
		return open(path)
	}
	for _, pattern := range system {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("search fonts: %w", err)
		}
		for _, f := range found {
			if p, err := open(f); err == nil {
				return p, nil
			}
		}
	}
	return nil, ErrNoFont
}

func open(path string) (*Painter, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read font: %w", err)
	}
	return New(raw)
}

// chance is the source of every accident on a paper.
func chance(seed uint64, kind string) *rand.Rand {
	var salt uint64
	for _, b := range []byte(kind) {
		salt = salt*131 + uint64(b)
	}
	return rand.New(rand.NewPCG(seed, salt)) //nolint:gosec // repeatable papers are wanted, not secret ones
}

// Inks of the drawings.
var (
	black = color.NRGBA{28, 28, 30, 255}
	grey  = color.NRGBA{110, 110, 112, 255}
	red   = color.NRGBA{200, 24, 30, 255}
	blue  = color.NRGBA{22, 40, 120, 255}
	gold  = color.NRGBA{178, 140, 70, 255}
	white = color.NRGBA{255, 255, 255, 255}
	ghost = color.NRGBA{150, 30, 30, 42} // the 样例 across a paper: readable, and yet it hides nothing
)

// mark is the 样例 across papers of one size.
type mark struct {
	size  image.Point // in pixels
	scale float64
	text  float64 // units high
}

// sample writes 样例 over the whole canvas, so that no drawing can pass for a real document.
func (c *canvas) sample(size float64) {
	m := mark{c.Bounds().Size(), c.scale, size}
	mask, drawn := c.painter.marks.Load(m)
	if !drawn {
		mask, _ = c.painter.marks.LoadOrStore(m, c.painter.draw(m))
	}
	draw.DrawMask(c.RGBA, c.Bounds(), image.NewUniform(ghost), image.Point{}, mask.(*image.Alpha), image.Point{}, draw.Over) //nolint:forcetypeassert // nothing else is stored
}

func (p *Painter) draw(m mark) *image.Alpha {
	c := &canvas{image.NewRGBA(image.Rectangle{Max: m.size}), p, m.scale}
	w, h := c.size()
	size := m.text
	const slant = -0.42
	for y := size * 1.2; y < h+size; y += size * 3.4 {
		for x := size * 0.4; x < w; x += size * 5.2 {
			c.slanted(color.Black, "样例 SAMPLE", point{x, y}, size*0.8, slant)
		}
	}
	mask := image.NewAlpha(c.Bounds())
	draw.Draw(mask, mask.Bounds(), c.RGBA, image.Point{}, draw.Src)
	return mask
}

// slanted writes s along a line turned by angle.
func (c *canvas) slanted(ink color.Color, s string, o point, size, angle float64) {
	var all [][]point
	pen := 0.0
	base := turned(angle, 1, o)
	for _, r := range s {
		outlines, adv := c.glyph(r)
		m := turned(angle, size, base.at(point{pen, 0}))
		for _, poly := range outlines {
			all = append(all, mapped(poly, m))
		}
		pen += adv * size
	}
	c.fill(ink, all...)
}
