package paper

import (
	"math"
	"math/rand/v2"
)

// sign writes a name by hand with its first character at o: slanted, uneven, in the blue-black of a gel pen, with a
// stroke drawn under it. The shapes are the font's, bent; nobody's hand is imitated.
func (c *canvas) sign(name string, o point, size float64, r *rand.Rand) {
	slant := -0.22 - r.Float64()*0.2
	var all [][]point
	x, y := o.x, o.y
	for _, ch := range name {
		outlines, adv := c.glyph(ch)
		own := size * (0.86 + r.Float64()*0.3)
		m := turned(-0.06+(r.Float64()-0.5)*0.12, own, point{x, y + (r.Float64()-0.5)*size*0.12})
		bend := newNoise(r, 3)
		sway := newNoise(r, 3)
		for _, poly := range outlines {
			bent := make([]point, len(poly))
			for i, p := range poly {
				u, v := p.x, p.y+1 // the glyph's own square, roughly 0 to 1
				p.x += slant*p.y + (bend.at(u, v)-0.5)*0.42
				p.y += (sway.at(u, v) - 0.5) * 0.34
				bent[i] = m.at(p)
			}
			all = append(all, bent)
		}
		x += adv * own * 0.76 // characters run into each other
	}
	c.fill(blue, all...)
	c.flourish(point{o.x + size*0.1, o.y + size*0.2}, point{x + size*0.5, o.y + size*(0.05+r.Float64()*0.15)}, size, r)
}

// flourish is the last stroke of the pen: a flat wave that grows thin.
func (c *canvas) flourish(from, to point, size float64, r *rand.Rand) {
	lift := size * (0.1 + r.Float64()*0.14)
	const steps = 28
	prev := from
	for i := 1; i <= steps; i++ {
		t := float64(i) / steps
		next := point{from.x + (to.x-from.x)*t, from.y + (to.y-from.y)*t - lift*math.Sin(t*math.Pi*1.4)}
		c.line(blue, prev, next, size*0.07*(1.08-t))
		prev = next
	}
}
