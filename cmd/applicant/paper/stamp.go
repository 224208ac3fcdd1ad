package paper

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"strings"
	"unicode/utf8"
)

// rubber is what a round seal says: the company's name along the upper arc, and below the star what it is for.
type rubber struct{ company, below string }

// The words below the star. A real company seal (公章) has none or a number; ours says that it is none.
const (
	companySeal  = "样例专用"
	contractSeal = "合同专用章"
)

// stamp presses a round seal onto the canvas: ring, star, the company's name along the upper arc, and words below. Like a real impression it is turned a little, unevenly inked, and lies over the print without hiding
// it. strength is how much ink was on the rubber, from 0 to 1.
func (p *Painter) stamp(on *canvas, s rubber, centre point, radius, strength float64, r *rand.Rand) {
	centre, radius = point{centre.x * on.scale, centre.y * on.scale}, radius*on.scale
	press(on, p.cut(s, radius, (r.Float64()-0.5)*0.5), centre, strength, r)
}

// cut makes the face of a seal, in the middle of its canvas and turned by an angle.
func (p *Painter) cut(s rubber, radius, turn float64) *canvas {
	side := int(radius*2) + 8
	seal := p.canvas(side, side, color.NRGBA{})
	mid := point{float64(side) / 2, float64(side) / 2}

	ring := radius * 0.05
	seal.fill(black, ellipse(mid, radius, radius, false), ellipse(mid, radius-ring, radius-ring, true))
	pointed := star(point{}, radius*0.33)
	seal.fill(black, mapped(pointed, turned(turn, 1, mid)))
	seal.arc(s.company, mid, radius, turn)
	const size = 0.18
	below := turned(turn, 1, mid).at(point{-radius * size / 2 * float64(utf8.RuneCountInString(s.below)), radius * 0.62})
	seal.slanted(black, s.below, below, radius*size, turn)
	return seal
}

// Seal is the face of the seal a sample company puts on its papers, or of the one it has for contracts, upright and in
// the middle of a square image, whose alpha is its ink: what to compare an impression with.
func (p *Painter) Seal(company string, contract bool, radius float64) image.Image {
	s := rubber{company, companySeal}
	if contract {
		s.below = contractSeal
	}
	return p.cut(s, radius, 0).RGBA
}

// arc writes s along the upper arc of a seal, each character upright on its own radius. Long names are drawn narrower,
// as the makers of seals do.
func (c *canvas) arc(s string, mid point, radius, turn float64) {
	s = strings.NewReplacer("（", "(", "）", ")").Replace(s)
	n := utf8.RuneCountInString(s)
	span := math.Min(1.42*math.Pi, float64(n)*0.36)
	size := radius * math.Min(0.27, 1.9*span/float64(n)*0.5)
	base := radius * 0.68 // where the feet of the characters stand
	step := span / float64(max(n-1, 1))
	i := 0
	var all [][]point
	for _, r := range s {
		angle := turn - span/2 + step*float64(i)
		if n == 1 {
			angle = turn
		}
		outlines, adv := c.glyph(r)
		sin, cos := math.Sincos(angle)
		foot := point{mid.x + base*sin, mid.y - base*cos}
		wide := math.Min(1, step*radius*0.86/size)
		m := turned(angle, size, foot)
		m.a, m.c = m.a*wide, m.c*wide
		m.e -= m.a * adv / 2
		m.f -= m.c * adv / 2
		for _, poly := range outlines {
			all = append(all, mapped(poly, m))
		}
		i++
	}
	// Seals are cut bolder than print: the same outlines once more, moved by a hair in each direction.
	hair := size * 0.014
	for _, d := range []point{{0, 0}, {hair, 0}, {-hair, 0}, {0, hair}, {0, -hair}} {
		moved := make([][]point, len(all))
		for i, poly := range all {
			moved[i] = mapped(poly, affine{1, 0, 0, 1, d.x, d.y})
		}
		c.fill(black, moved...)
	}
}

// press lays a seal onto a page as red ink: darker print shows through, and patches stay thin where the rubber did not
// touch.
func press(on, seal *canvas, centre point, strength float64, r *rand.Rand) {
	patches := newNoise(r, 9)
	b := seal.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			alpha := float64(seal.Pix[seal.PixOffset(x, y)+3]) / 255
			if alpha == 0 {
				continue
			}
			px, py := int(centre.x)-b.Dx()/2+x, int(centre.y)-b.Dy()/2+y
			if !(image.Point{px, py}).In(on.Bounds()) {
				continue
			}
			wear := patches.at(float64(x)/float64(b.Dx()), float64(y)/float64(b.Dy()))
			alpha *= strength * clamp(0.55+wear*0.9, 0.25, 1)
			if r.Float64() < 0.03 {
				alpha *= 0.4 // grain of the paper
			}
			multiply(on.RGBA, px, py, red, alpha)
		}
	}
}

// multiply inks one pixel: paper times ink, by alpha.
func multiply(img *image.RGBA, x, y int, ink color.NRGBA, alpha float64) {
	o := img.PixOffset(x, y)
	for i, c := range [3]uint8{ink.R, ink.G, ink.B} {
		was := float64(img.Pix[o+i])
		img.Pix[o+i] = uint8(was*(1-alpha) + was*float64(c)/255*alpha)
	}
}

// noise is smooth chance over the unit square: random values on a grid, interpolated.
type noise struct {
	grid []float64
	n    int
}

func newNoise(r *rand.Rand, n int) noise {
	g := make([]float64, (n+1)*(n+1))
	for i := range g {
		g[i] = r.Float64()
	}
	return noise{g, n}
}

// at returns a value from 0 to 1; x and y from 0 to 1.
func (f noise) at(x, y float64) float64 {
	x, y = clamp(x, 0, 0.9999)*float64(f.n), clamp(y, 0, 0.9999)*float64(f.n)
	ix, iy := int(x), int(y)
	u, v := smooth(x-float64(ix)), smooth(y-float64(iy))
	row := f.n + 1
	a, b := f.grid[iy*row+ix], f.grid[iy*row+ix+1]
	c, d := f.grid[(iy+1)*row+ix], f.grid[(iy+1)*row+ix+1]
	return (a*(1-u)+b*u)*(1-v) + (c*(1-u)+d*u)*v
}

func smooth(t float64) float64 { return t * t * (3 - 2*t) }

func clamp(v, lo, hi float64) float64 { return math.Max(lo, math.Min(hi, v)) }
