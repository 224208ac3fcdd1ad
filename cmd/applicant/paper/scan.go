package paper

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"

	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
)

// lid is how much darker the page is along the hinge of a scanner's lid; a photograph has none of it.
const lid = 0.13

// scan turns a drawn page into what a flatbed scanner delivers: a little askew on the glass, the white not quite white,
// darker along one edge, with noise.
func scan(page *image.RGBA, r *rand.Rand) ([]byte, error) { return capture(page, lid, r) }

// photo turns a drawn card or face into what a phone delivers.
func photo(scene *image.RGBA, r *rand.Rand) ([]byte, error) { return capture(scene, 0, r) }

func capture(page *image.RGBA, lid float64, r *rand.Rand) ([]byte, error) {
	b := page.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Bounds(), image.NewUniform(color.NRGBA{236, 235, 231, 255}), image.Point{}, draw.Src)
	angle := (r.Float64() - 0.5) * 0.026 // ± 0.75°
	s, c := math.Sincos(angle)
	cx, cy := float64(b.Dx())/2, float64(b.Dy())/2
	dx, dy := (r.Float64()-0.5)*12, (r.Float64()-0.5)*12
	m := f64.Aff3{c, -s, cx - c*cx + s*cy + dx, s, c, cy - s*cx - c*cy + dy}
	xdraw.ApproxBiLinear.Transform(out, m, page, b, xdraw.Src, nil)
	soil(out, lid, r)
	return encode(out)
}

// soil adds uneven light and noise to every pixel.
func soil(img *image.RGBA, lid float64, r *rand.Rand) {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	light := newNoise(r, 4)
	warm := 0.985 + r.Float64()*0.015
	hinge := float64(w) * 0.035
	for y := range h {
		// One look at the light field every 16 pixels is enough: it changes slowly.
		var even float64
		for x := range w {
			if x%16 == 0 {
				even = 0.945 + 0.045*light.at(float64(x)/float64(w), float64(y)/float64(h))
			}
			shade := even
			if near := float64(x); near < hinge {
				shade -= lid * (1 - near/hinge) * (1 - near/hinge)
			}
			grain := float64(r.Uint32()&15)/2 - 3.75
			o := img.PixOffset(x, y)
			img.Pix[o] = level(float64(img.Pix[o])*shade + grain)
			img.Pix[o+1] = level(float64(img.Pix[o+1])*shade + grain)
			img.Pix[o+2] = level(float64(img.Pix[o+2])*shade*warm + grain)
		}
	}
}

func level(v float64) uint8 {
	switch {
	case v <= 0:
		return 0
	case v >= 255:
		return 255
	}
	return uint8(v)
}
