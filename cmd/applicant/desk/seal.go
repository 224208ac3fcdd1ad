package desk

import (
	"image"
	"math"

	"caconsole/cmd/applicant/paper"
)

// A reviewer reads the words of a seal. The robot compares the impression with the seals it expects: it draws the
// company's own seal and its one for contracts as the sample papers have them, unrolls all three around their middles,
// and turns them against each other until they fit best. So it tells a foreign seal and a 合同专用章 from the right one
// on sample papers; real seals are cut in many ways, of which it knows nothing.

// What of a seal is compared, in parts of its radius, and how finely.
const (
	innermost, outermost = 0.42, 0.92 // the words, without star and ring
	rings, spokes        = 24, 360
	furthestTurn         = 26 // spokes; hands press seals this much askew
)

// alike is how far an impression must agree with the seal that is expected, from 0 to 1. Drawn and scanned, the right one
// comes to 0.63 and more, one that differs by three characters of fourteen to 0.49 at most.
const alike = 0.56

// unrolled is the ink of a seal by angle and distance from its middle.
type unrolled [rings][spokes]float64

// unroll reads ink(x, y) around a middle.
func unroll(ink func(x, y float64) float64, x, y, radius float64) *unrolled {
	var u unrolled
	for j := range spokes {
		sin, cos := math.Sincos(2 * math.Pi * float64(j) / spokes)
		for i := range rings {
			at := radius * (innermost + (outermost-innermost)*float64(i)/(rings-1))
			u[i][j] = ink(x+at*cos, y+at*sin)
		}
	}
	u.level()
	return &u
}

// level makes the mean of all ink 0 and its variance 1.
func (u *unrolled) level() {
	var sum, squares float64
	for i := range u {
		for _, v := range u[i] {
			sum, squares = sum+v, squares+v*v
		}
	}
	const n = rings * spokes
	mean := sum / n
	spread := math.Sqrt(math.Max(squares/n-mean*mean, 1e-9))
	for i := range u {
		for j := range u[i] {
			u[i][j] = (u[i][j] - mean) / spread
		}
	}
}

// likeness is the correlation of two seals where they fit best.
func (u *unrolled) likeness(other *unrolled) float64 {
	best := -1.0
	for turn := -furthestTurn; turn <= furthestTurn; turn++ {
		sum := 0.0
		for i := range u {
			for j := range u[i] {
				sum += u[i][j] * other[i][(j+turn+spokes)%spokes]
			}
		}
		best = math.Max(best, sum/(rings*spokes))
	}
	return best
}

// right reports whether the seal on a page is the company's own, and not the one for contracts.
func right(scan *image.YCbCr, m mark, company string, p *paper.Painter) bool {
	radius := m.width * float64(scan.Bounds().Dx()) / 2
	x, y := m.middle(scan, radius)
	seen := unroll(func(x, y float64) float64 { return min(float64(redAt(scan, x, y)), 2*fullRed) }, x, y, radius)
	own, contract := seen.likeness(expected(p, company, false, radius)), seen.likeness(expected(p, company, true, radius))
	return own >= alike && own > contract
}

func expected(p *paper.Painter, company string, contract bool, radius float64) *unrolled {
	seal := p.Seal(company, contract, radius)
	mid := float64(seal.Bounds().Dx()) / 2
	return unroll(func(x, y float64) float64 {
		_, _, _, a := seal.At(int(x), int(y)).RGBA()
		return float64(a)
	}, mid, mid, radius)
}

// redAt is how red a page is at a place, as a difference from grey.
func redAt(scan *image.YCbCr, x, y float64) int {
	at := image.Pt(int(x), int(y)).Add(scan.Bounds().Min)
	if !at.In(scan.Bounds()) {
		return 0
	}
	return int(scan.Cr[scan.COffset(at.X, at.Y)]) - 128
}

// middle finds a seal in its area by its ring.
func (m mark) middle(scan *image.YCbCr, radius float64) (x, y float64) {
	w, h := float64(scan.Bounds().Dx()), float64(scan.Bounds().Dy())
	x0, y0, x1, y1 := m.x1*w, m.y1*h, m.x0*w, m.y0*h
	for py := m.y0 * h; py < m.y1*h; py += stride {
		for px := m.x0 * w; px < m.x1*w; px += stride {
			if redAt(scan, px, py) >= fullRed {
				x0, y0, x1, y1 = math.Min(x0, px), math.Min(y0, py), math.Max(x1, px), math.Max(y1, py)
			}
		}
	}
	// What lies around may have widened the box: the ring is looked for wherever its seal fits into it, and a little
	// beyond, as thin ink may have narrowed it.
	slackX, slackY := math.Abs((x1-x0)/2-radius)+6, math.Abs((y1-y0)/2-radius)+6
	best := -1
	for cy := (y0+y1)/2 - slackY; cy <= (y0+y1)/2+slackY; cy++ {
		for cx := (x0+x1)/2 - slackX; cx <= (x0+x1)/2+slackX; cx++ {
			if n := onRing(scan, cx, cy, radius); n > best {
				best, x, y = n, cx, cy
			}
		}
	}
	return x, y
}

// onRing is how much ink lies where the ring of a seal would be.
func onRing(scan *image.YCbCr, x, y, radius float64) int {
	const points = 120
	n := 0
	for i := range points {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / points)
		n += min(redAt(scan, x+0.975*radius*cos, y+0.975*radius*sin), fullRed)
	}
	return n
}
