package paper

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"
	"strings"
	"sync"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// point is a place on a canvas in pixels, y downwards.
type point struct{ x, y float64 }

// affine maps a glyph or shape onto the canvas: x' = a·x + b·y + e, y' = c·x + d·y + f.
type affine struct{ a, b, c, d, e, f float64 }

func (m affine) at(p point) point {
	return point{m.a*p.x + m.b*p.y + m.e, m.c*p.x + m.d*p.y + m.f}
}

// turned is the affine map that turns by angle (radians, clockwise on the screen), scales, and moves the origin to o.
func turned(angle, scale float64, o point) affine {
	s, c := math.Sincos(angle)
	return affine{c * scale, -s * scale, s * scale, c * scale, o.x, o.y}
}

// canvas is an image with a pen. Colours lie over what is there by their alpha.
type canvas struct {
	*image.RGBA
	painter *Painter
	scale   float64 // pixels for each unit in which is drawn
}

func (p *Painter) canvas(w, h int, ground color.Color) *canvas { return p.scaled(1, w, h, ground) }

// scaled makes a canvas of w × h units that has more or fewer pixels.
func (p *Painter) scaled(scale float64, w, h int, ground color.Color) *canvas {
	img := image.NewRGBA(image.Rect(0, 0, int(float64(w)*scale), int(float64(h)*scale)))
	draw.Draw(img, img.Bounds(), image.NewUniform(ground), image.Point{}, draw.Src)
	return &canvas{img, p, scale}
}

// size is the canvas's width and height in units.
func (c *canvas) size() (w, h float64) {
	return float64(c.Bounds().Dx()) / c.scale, float64(c.Bounds().Dy()) / c.scale
}

// preprinted returns a fresh copy of what every paper of a name has in common, drawn once.
func (p *Painter) preprinted(name string, once func() *canvas) *canvas {
	ground, drawn := p.grounds.Load(name)
	if !drawn {
		ground, _ = p.grounds.LoadOrStore(name, once())
	}
	g := ground.(*canvas) //nolint:forcetypeassert // nothing else is stored
	return &canvas{&image.RGBA{Pix: slices.Clone(g.Pix), Stride: g.Stride, Rect: g.Rect}, p, g.scale}
}

// rasterizers are used again: a page has hundreds of texts.
var rasterizers = sync.Pool{New: func() any { return new(vector.Rasterizer) }}

// fill paints the inside of closed outlines. Only the rectangle around them is touched, so a character costs what a
// character covers and not the page.
func (c *canvas) fill(ink color.Color, outlines ...[]point) {
	area := bounds(outlines, c.scale).Intersect(c.Bounds())
	if area.Empty() {
		return
	}
	r, _ := rasterizers.Get().(*vector.Rasterizer)
	defer rasterizers.Put(r)
	r.Reset(area.Dx(), area.Dy())
	dx, dy := float64(area.Min.X), float64(area.Min.Y)
	for _, o := range outlines {
		for i, p := range o {
			if i == 0 {
				r.MoveTo(float32(p.x*c.scale-dx), float32(p.y*c.scale-dy))
			} else {
				r.LineTo(float32(p.x*c.scale-dx), float32(p.y*c.scale-dy))
			}
		}
		r.ClosePath()
	}
	r.Draw(c.RGBA, area, image.NewUniform(ink), image.Point{})
}

// bounds is the smallest rectangle of whole pixels around outlines.
func bounds(outlines [][]point, scale float64) image.Rectangle {
	lo, hi := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, o := range outlines {
		for _, p := range o {
			lo.x, lo.y = math.Min(lo.x, p.x), math.Min(lo.y, p.y)
			hi.x, hi.y = math.Max(hi.x, p.x), math.Max(hi.y, p.y)
		}
	}
	if lo.x > hi.x {
		return image.Rectangle{}
	}
	return image.Rect(int(math.Floor(lo.x*scale)), int(math.Floor(lo.y*scale)), int(math.Ceil(hi.x*scale)), int(math.Ceil(hi.y*scale)))
}

// line draws a stroke of the given width with square ends.
func (c *canvas) line(ink color.Color, a, b point, width float64) {
	dx, dy := b.x-a.x, b.y-a.y
	n := math.Hypot(dx, dy)
	if n == 0 {
		return
	}
	ox, oy := -dy/n*width/2, dx/n*width/2
	c.fill(ink, []point{{a.x + ox, a.y + oy}, {b.x + ox, b.y + oy}, {b.x - ox, b.y - oy}, {a.x - ox, a.y - oy}})
}

// box draws a frame; fillBox paints a rectangle.
func (c *canvas) box(ink color.Color, x, y, w, h, width float64) {
	c.fillBox(ink, x, y, w, width)
	c.fillBox(ink, x, y+h-width, w, width)
	c.fillBox(ink, x, y+width, width, h-2*width)
	c.fillBox(ink, x+w-width, y+width, width, h-2*width)
}

func (c *canvas) fillBox(ink color.Color, x, y, w, h float64) {
	c.fill(ink, []point{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}})
}

// ellipse is an outline; a reversed one cuts a hole into the shape around it.
func ellipse(o point, rx, ry float64, reversed bool) []point {
	const steps = 120
	out := make([]point, steps)
	for i := range out {
		t := 2 * math.Pi * float64(i) / steps
		if reversed {
			t = -t
		}
		s, co := math.Sincos(t)
		out[i] = point{o.x + rx*co, o.y + ry*s}
	}
	return out
}

// star is a five-pointed star with one point upwards.
func star(o point, radius float64) []point {
	out := make([]point, 10)
	for i := range out {
		r := radius
		if i%2 == 1 {
			r *= 0.382 // inner radius of the pentagram
		}
		s, co := math.Sincos(-math.Pi/2 + math.Pi*float64(i)/5)
		out[i] = point{o.x + r*co, o.y + r*s}
	}
	return out
}

// unit is the size at which outlines are loaded; every use scales them.
const unit = 64

// glyph is a character's outlines as polygons, one unit high, baseline at 0, and its advance.
type glyph struct {
	outlines [][]point
	advance  float64
}

// glyph returns the shape of r. A rune the font lacks is drawn as the font's own "missing" box.
func (c *canvas) glyph(r rune) (outlines [][]point, advance float64) {
	known, found := c.painter.glyphs.Load(r)
	if !found {
		known, _ = c.painter.glyphs.LoadOrStore(r, c.painter.load(r))
	}
	g := known.(glyph) //nolint:forcetypeassert // nothing else is stored
	return g.outlines, g.advance
}

func (p *Painter) load(r rune) glyph {
	var buf sfnt.Buffer
	ppem := fixed.I(unit)
	index, err := p.font.GlyphIndex(&buf, r)
	if err != nil {
		return glyph{advance: 1}
	}
	segments, err := p.font.LoadGlyph(&buf, index, ppem, nil)
	if err != nil {
		return glyph{advance: 1}
	}
	var outlines [][]point
	var cur []point
	for _, s := range segments {
		if s.Op == sfnt.SegmentOpMoveTo {
			if len(cur) > 0 {
				outlines = append(outlines, cur)
			}
			cur = []point{at(s.Args[0])}
			continue
		}
		cur = flatten(cur, s)
	}
	if len(cur) > 0 {
		outlines = append(outlines, cur)
	}
	adv, err := p.font.GlyphAdvance(&buf, index, ppem, 0)
	if err != nil {
		return glyph{outlines, 1}
	}
	return glyph{outlines, float64(adv) / 64 / unit}
}

func at(p fixed.Point26_6) point {
	return point{float64(p.X) / 64 / unit, float64(p.Y) / 64 / unit}
}

// flatten adds a line or curve to a polygon in steps fine enough for print.
func flatten(cur []point, s sfnt.Segment) []point {
	from := cur[len(cur)-1]
	const steps = 6
	switch s.Op {
	case sfnt.SegmentOpMoveTo, sfnt.SegmentOpLineTo:
		return append(cur, at(s.Args[0]))
	case sfnt.SegmentOpQuadTo:
		a, b := at(s.Args[0]), at(s.Args[1])
		for i := 1; i <= steps; i++ {
			t := float64(i) / steps
			u := 1 - t
			cur = append(cur, point{u*u*from.x + 2*u*t*a.x + t*t*b.x, u*u*from.y + 2*u*t*a.y + t*t*b.y})
		}
	case sfnt.SegmentOpCubeTo:
		a, b, d := at(s.Args[0]), at(s.Args[1]), at(s.Args[2])
		for i := 1; i <= steps; i++ {
			t := float64(i) / steps
			u := 1 - t
			cur = append(cur, point{
				u*u*u*from.x + 3*u*u*t*a.x + 3*u*t*t*b.x + t*t*t*d.x,
				u*u*u*from.y + 3*u*u*t*a.y + 3*u*t*t*b.y + t*t*t*d.y,
			})
		}
	}
	return cur
}

// text writes s with its baseline starting at o and returns where it ends.
func (c *canvas) text(ink color.Color, s string, o point, size float64) float64 {
	var all [][]point
	x := o.x
	for _, r := range s {
		outlines, adv := c.glyph(r)
		m := affine{size, 0, 0, size, x, o.y}
		for _, poly := range outlines {
			all = append(all, mapped(poly, m))
		}
		x += adv * size
	}
	c.fill(ink, all...)
	return x
}

// centred writes s centred on o.x.
func (c *canvas) centred(ink color.Color, s string, o point, size float64) {
	c.text(ink, s, point{o.x - c.width(s, size)/2, o.y}, size)
}

// spaced writes s from o with extra room between characters.
func (c *canvas) spaced(ink color.Color, s string, o point, size, room float64) {
	for _, r := range s {
		o.x = c.text(ink, string(r), o, size) + room
	}
}

// width is how far s reaches at a size.
func (c *canvas) width(s string, size float64) float64 {
	w := 0.0
	for _, r := range s {
		_, adv := c.glyph(r)
		w += adv * size
	}
	return w
}

// wrapped writes s in lines no wider than width; closing punctuation may hang over.
func (c *canvas) wrapped(ink color.Color, s string, o point, size, width, leading float64) {
	x := o.x
	for _, r := range s {
		_, adv := c.glyph(r)
		if x+adv*size > o.x+width && !strings.ContainsRune("，。；：、）》", r) {
			x, o.y = o.x, o.y+leading
		}
		x = c.text(ink, string(r), point{x, o.y}, size)
	}
}

func mapped(poly []point, m affine) []point {
	out := make([]point, len(poly))
	for i, p := range poly {
		out[i] = m.at(p)
	}
	return out
}
