package document

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"

	"golang.org/x/image/draw"
)

// Size is one of the two widths a page image is made in.
type Size string

// The sizes of page images.
const (
	Small Size = "small" // about 1000 pixels wide: fits the case screen
	Large Size = "large" // about 2000 pixels wide: for looking closely at stamp and signature
)

// sizes in the order they are made, the larger first: the smaller is made from it.
var sizes = []struct {
	size  Size
	width int
}{{Large, 2000}, {Small, 1000}}

const (
	// tallest is how much higher than wide an image may be; what is longer (a receipt roll) gets narrower.
	tallest     = 4
	jpegQuality = 85
)

// pageImage is a page image ready to be stored.
type pageImage struct {
	size          Size
	width, height int
	body          []byte // JPEG
}

// pageImages makes both sizes of a page that was decoded or rendered. held is its EXIF orientation. A small original
// is not blown up. Re-encoding leaves behind whatever else the file carried.
func pageImages(src image.Image, held int) ([]pageImage, error) {
	var out []pageImage
	var img image.Image
	for _, s := range sizes {
		if img == nil {
			img = turn(shrink(src, s.width, held >= 5), held)
		} else {
			img = shrink(img, s.width, false)
		}
		body, err := encode(img)
		if err != nil {
			return nil, err
		}
		b := img.Bounds()
		out = append(out, pageImage{size: s.size, width: b.Dx(), height: b.Dy(), body: body})
	}
	return out, nil
}

func encode(img image.Image) ([]byte, error) {
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: jpegQuality}); err != nil {
		return nil, fmt.Errorf("document: encode page image: %w", err)
	}
	return buf.Bytes(), nil
}

// shrink scales an image down to a width, or to a height where it will be turned on its side, on white.
func shrink(src image.Image, width int, sideways bool) *image.RGBA {
	b := src.Bounds()
	w, h := b.Dx(), b.Dy()
	if sideways {
		w, h = h, w
	}
	scale := min(1, float64(width)/float64(w), float64(width*tallest)/float64(h))
	w, h = max(1, int(float64(w)*scale+0.5)), max(1, int(float64(h)*scale+0.5))
	if sideways {
		w, h = h, w
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(dst, dst.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src) // under transparent parts
	if w == b.Dx() && h == b.Dy() {
		draw.Draw(dst, dst.Bounds(), src, b.Min, draw.Over)
		return dst
	}
	scaler := draw.Scaler(draw.BiLinear)
	if scale >= 0.5 { // then four neighbours are all there is under a pixel, and looking at them is ten times faster
		scaler = draw.ApproxBiLinear
	}
	scaler.Scale(dst, dst.Bounds(), src, b, draw.Over, nil)
	return dst
}

// turn brings a picture upright, by its EXIF orientation.
func turn(src *image.RGBA, held int) *image.RGBA {
	if held <= orientationNone || held > 8 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	if held >= 5 {
		dst = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range dst.Rect.Dy() {
		for x := range dst.Rect.Dx() {
			sx, sy := x, y
			switch held {
			case 2: // mirrored
				sx = w - 1 - x
			case 3: // upside down
				sx, sy = w-1-x, h-1-y
			case 4: // mirrored upside down
				sy = h - 1 - y
			case 5: // mirrored and on its side
				sx, sy = y, x
			case 6: // needs a quarter turn clockwise
				sx, sy = y, h-1-x
			case 7: // mirrored and on its other side
				sx, sy = w-1-y, h-1-x
			case 8: // needs a quarter turn back
				sx, sy = w-1-y, x
			}
			copy(dst.Pix[dst.PixOffset(x, y):][:4], src.Pix[src.PixOffset(sx, sy):][:4])
		}
	}
	return dst
}
