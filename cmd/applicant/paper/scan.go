package paper

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
)

// lid is how much darker the page is along the hinge of a scanner's lid; a photograph has none of it.
const lid = 0.13

// quality is what office scanners write by default.
const quality = 80

// scan turns a drawn page into what a flatbed scanner delivers: a little askew on the glass, the white not quite white,
// darker along one edge, with noise. overhead says that the page lay upside down.
func scan(page *image.RGBA, overhead bool, r *rand.Rand) ([]byte, error) {
	s := taken(page, r)
	s.lid = lid
	if overhead {
		s.angle += math.Pi
	}
	return s.write(page)
}

// photo turns a drawn card or face into what a phone delivers.
func photo(scene *image.RGBA, r *rand.Rand) ([]byte, error) { return taken(scene, r).write(scene) }

// encode writes a drawing as it is.
func encode(page *image.RGBA) ([]byte, error) {
	return shot{light: noise{grid: []float64{1, 1, 1, 1}, n: 1}, bright: 1}.write(page)
}

// shot is how a page was caught. The picture is made in one pass, straight into the colour space of JPEG: a demo has
// hundreds of pages of two million pixels each.
type shot struct {
	angle  float64 // that the page is turned by, radians
	dx, dy float64 // and moved, in pixels
	lid    float64
	bright float64 // of a spot without light
	light  noise   // adds to it, up to 0.045
	warm   float64 // 0 to 1: how yellow the white is
	grain  []int8  // noise of every pixel, begun anew somewhere in each row; nil for none
	r      *rand.Rand
}

func taken(page *image.RGBA, r *rand.Rand) shot {
	s := shot{
		angle: (r.Float64() - 0.5) * 0.026, // ± 0.75°
		dx:    (r.Float64() - 0.5) * 12, dy: (r.Float64() - 0.5) * 12,
		bright: 0.945, light: newNoise(r, 4), warm: r.Float64(), r: r,
	}
	s.grain = make([]int8, page.Bounds().Dx()+4096)
	for i := range s.grain {
		s.grain[i] = int8(r.Uint32()%5) - 2
	}
	return s
}

func (s shot) write(page *image.RGBA) ([]byte, error) {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, s.develop(page), &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("encode paper: %w", err)
	}
	return out.Bytes(), nil
}

// one is 1 in the fixed-point numbers of places and shades: 16 bits stand after the point.
const one = 1 << 16

func fixedPoint(v float64) int { return int(math.Round(v * one)) }

// develop makes the picture row by row.
func (s shot) develop(page *image.RGBA) *image.YCbCr {
	w, h := page.Bounds().Dx(), page.Bounds().Dy()
	out := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	sin, cos := math.Sincos(s.angle)
	cx, cy := float64(w)/2, float64(h)/2
	stepX, stepY := fixedPoint(cos), fixedPoint(-sin)
	line := make([]uint32, w)
	shades := make([]int, w)
	blue, red := make([]int, out.CStride), make([]int, out.CStride)
	for y := range h {
		fy := float64(y) - cy - s.dy
		s.sample(page, line, fixedPoint(cos*(-cx-s.dx)+sin*fy+cx), fixedPoint(-sin*(-cx-s.dx)+cos*fy+cy), stepX, stepY)
		if y%16 == 0 { // the light changes slowly
			s.shade(shades, float64(y)/float64(h))
		}
		var grain []int8
		if s.grain != nil {
			grain = s.grain[s.r.IntN(len(s.grain)-w):]
		}
		s.row(out.Y[y*out.YStride:], line, shades, grain, blue, red)
		if y%2 == 1 || y == h-1 {
			s.colour(out.Cb[y/2*out.CStride:], blue, y%2+1, -int(s.warm*2.4))
			s.colour(out.Cr[y/2*out.CStride:], red, y%2+1, 0)
		}
	}
	return out
}

// glass is the colour beside the page, as a pixel in memory.
const glass = 236 | 235<<8 | 231<<16 | 255<<24

// sample reads one row across the page from a place on, in steps, between its pixels.
func (shot) sample(page *image.RGBA, line []uint32, x, y, stepX, stepY int) {
	w, h := page.Bounds().Dx(), page.Bounds().Dy()
	for i := range line {
		ix, iy := x>>16, y>>16
		switch {
		case uint(ix) < uint(w-1) && uint(iy) < uint(h-1):
			o := iy*page.Stride + ix*4
			a := binary.LittleEndian.Uint64(page.Pix[o:])
			b := binary.LittleEndian.Uint64(page.Pix[o+page.Stride:])
			if a == b && uint32(a) == uint32(a>>32) { //nolint:gosec // a pixel is half of it; most of a paper is blank
				line[i] = uint32(a) //nolint:gosec // likewise
				break
			}
			u, v := uint32(x>>8&255), uint32(y>>8&255)
			line[i] = mix(mix(uint32(a), uint32(a>>32), u), mix(uint32(b), uint32(b>>32), u), v) //nolint:gosec // halves
		case uint(ix) < uint(w) && uint(iy) < uint(h):
			line[i] = binary.LittleEndian.Uint32(page.Pix[iy*page.Stride+ix*4:])
		default:
			line[i] = glass
		}
		x += stepX
		y += stepY
	}
}

// mix is a pixel between two, t of 256 on the way to b: two channels at a time.
func mix(a, b, t uint32) uint32 {
	const lanes = 0x00ff00ff
	low := (a&lanes)*(256-t) + (b&lanes)*t
	high := (a>>8&lanes)*(256-t) + (b>>8&lanes)*t
	return low>>8&lanes | high&^uint32(lanes)
}

// shade works out how bright each pixel of a row is, at a height from 0 to 1.
func (s shot) shade(shades []int, at float64) {
	w := float64(len(shades))
	hinge := w * 0.035
	var even float64
	for x := range shades {
		if x%16 == 0 {
			even = min(1, s.bright+0.045*s.light.at(float64(x)/w, at))
		}
		shade := even
		if near := float64(x); near < hinge {
			shade -= s.lid * (1 - near/hinge) * (1 - near/hinge)
		}
		shades[x] = fixedPoint(shade)
	}
}

// row writes the brightness of a row, and adds its colours to those of the row before: two by two pixels share one.
func (shot) row(luma []uint8, line []uint32, shades []int, grain []int8, blue, red []int) {
	var last uint32
	var y, cb, cr int
	for x, pixel := range line {
		if pixel != last || x == 0 {
			last = pixel
			r, g, b := int(pixel&255), int(pixel>>8&255), int(pixel>>16&255)
			y = 19595*r + 38470*g + 7471*b // JFIF 1.02, in fixed point
			cb = (-11056*r - 21712*g + 32768*b) >> 16
			cr = (32768*r - 27440*g - 5328*b) >> 16
		}
		v := (y >> 8) * shades[x] >> 24
		if grain != nil {
			v += int(grain[x])
		}
		luma[x] = level(v)
		blue[x/2] += cb
		red[x/2] += cr
	}
}

// colour writes a row of one colour from the sums over so many rows of pixel pairs, with a tint, and clears them.
func (shot) colour(to []uint8, sums []int, rows, tint int) {
	for i, sum := range sums {
		to[i] = level(128 + tint + sum/(2*rows))
		sums[i] = 0
	}
}

func level(v int) uint8 { return uint8(max(0, min(255, v))) }
