package document

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"sync"
	"time"

	ximage "golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/f64"
	"golang.org/x/image/math/fixed"

	"caconsole/admin/document/form"
	"caconsole/admin/fault"
)

// Look of the watermark: DESIGN, "Paper".
const (
	markAngle  = -24.0 // degrees, rising to the right
	markInk    = 0.15  // share of ink
	markLength = 0.77  // of the page's width
	markStep   = 0.215 // from row to row, of the page's width
)

var beijing = time.FixedZone("Asia/Shanghai", 8*60*60)

// Mark is what is burnt into a page image: who looks, at which order, what for. The time is added.
type Mark struct {
	Viewer  string // name and staff number, "李晓雯 0217"
	OrderNo string
	Purpose string // "仅供续期审核"
}

func (m Mark) text(at time.Time) string {
	return fmt.Sprintf("%s · %s · %s · %s", m.Viewer, at.In(beijing).Format("2006-01-02 15:04"), m.OrderNo, m.Purpose)
}

var markFont = sync.OnceValues(func() (*opentype.Font, error) { return opentype.Parse(form.TTF()) })

// burn draws the mark all over a JPEG and encodes it again.
func burn(page []byte, text string) ([]byte, error) {
	src, err := jpeg.Decode(bytes.NewReader(page))
	if err != nil {
		return nil, fmt.Errorf("document: page image: %w", err)
	}
	img := image.NewRGBA(image.Rect(0, 0, src.Bounds().Dx(), src.Bounds().Dy()))
	draw.Draw(img, img.Rect, src, src.Bounds().Min, draw.Src)
	stamp, err := markImage(text, markLength*float64(img.Rect.Dx()))
	if err != nil {
		return nil, err
	}
	stepX, stepY := stamp.Rect.Dx()+stamp.Rect.Dx()/8, max(1, int(markStep*float64(img.Rect.Dx())))
	for row, y := 0, -stamp.Rect.Dy()/2; y < img.Rect.Dy(); row, y = row+1, y+stepY {
		for x := -stamp.Rect.Dx()/2 - (row%2)*stepX/2; x < img.Rect.Dx(); x += stepX {
			draw.Draw(img, stamp.Rect.Add(image.Pt(x, y)), stamp, image.Point{}, draw.Over)
		}
	}
	return encode(img)
}

// markImage draws the text once, about `width` pixels long, and turns it.
func markImage(text string, width float64) (*image.RGBA, error) {
	f, err := markFont()
	if err != nil {
		return nil, fmt.Errorf("document: watermark font: %w", err)
	}
	const unit = 100 // measure at a known size, then take the size that fits
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: unit, DPI: 72})
	if err != nil {
		return nil, fmt.Errorf("document: watermark font: %w", err)
	}
	size := max(8, unit*width/max(1, float64(font.MeasureString(face, text).Ceil())))
	if face, err = opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72}); err != nil {
		return nil, fmt.Errorf("document: watermark font: %w", err)
	}
	w, h := font.MeasureString(face, text).Ceil(), int(size*1.5)
	flat := image.NewRGBA(image.Rect(0, 0, w, h))
	ink := image.NewUniform(color.NRGBA{A: uint8(math.Round(markInk * 0xff))}) // black, thin
	d := font.Drawer{Dst: flat, Src: ink, Face: face, Dot: fixed.P(0, int(size*1.15))}
	d.DrawString(text)

	sin, cos := math.Sincos(markAngle * math.Pi / 180)
	high := int(float64(w)*math.Abs(sin)+float64(h)*cos) + 2
	turned := image.NewRGBA(image.Rect(0, 0, int(float64(w)*cos+float64(h)*math.Abs(sin))+2, high))
	// The text's lower left corner goes to the lower left of the turned picture.
	matrix := f64.Aff3{cos, -sin, 0, sin, cos, float64(w) * math.Abs(sin)}
	ximage.ApproxBiLinear.Transform(turned, matrix, flat, flat.Rect, draw.Over, nil)
	return turned, nil
}

// Marked burns a mark into a picture that is no paper, a portrait for example. It takes JPEG and gives JPEG, so what
// reaches a screen is never the file as it came. Error: Internal "image_unreadable".
func (d *Documents) Marked(jpeg []byte, m Mark) ([]byte, error) {
	out, err := burn(jpeg, m.text(d.now()))
	return out, fault.Wrap("image_unreadable", err)
}
