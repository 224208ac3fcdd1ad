package paper

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"

	xdraw "golang.org/x/image/draw"
)

// Faults are the ways in which a submitted paper can be bad enough to be returned. The zero value is a good paper.
type Faults struct {
	NoSignature bool   // the applicant forgot to sign
	NoStamp     bool   // the seal is missing
	PaleStamp   bool   // the seal can hardly be read
	WrongStamp  string // the seal is this other company's
}

// Form says what is put on a printed application form by hand.
type Form struct {
	Company string // name on the seal
	Signer  string // who signs
	// Sign and Stamp are the places on the page as fractions of its width and height: where the signature begins, and
	// the middle of the seal. Zero means the usual lower right of the form.
	SignX, SignY   float64
	StampX, StampY float64
	Faults         Faults
	Seed           uint64
}

// sealWidth is how wide a seal is on a page: 42 mm on 210 mm, the size prescribed for enterprises.
const sealWidth = 0.2

// SignedForm returns the scan of a printed page with signature and red seal, as JPEG of about 150 dpi.
func (p *Painter) SignedForm(page image.Image, f Form) ([]byte, error) {
	r := chance(f.Seed, "form")
	c := p.sheet(page)
	w, h := float64(c.Bounds().Dx()), float64(c.Bounds().Dy())
	place := func(v, usual float64) float64 {
		if v == 0 {
			return usual
		}
		return v
	}
	if !f.Faults.NoSignature {
		c.sign(f.Signer, point{w * place(f.SignX, 0.50), h * place(f.SignY, 0.845)}, w*0.036, r)
	}
	centre := point{w * place(f.StampX, 0.74), h * place(f.StampY, 0.835)}
	p.sealPage(c, f.Company, f.Faults, centre, w*sealWidth/2, chance(f.Seed, "form seal"))
	c.centred(ghost, "样例 SAMPLE", point{w * 0.5, h * 0.985}, w*0.02)
	return scan(c.RGBA, r)
}

// sealPage stamps as the faults say.
func (p *Painter) sealPage(c *canvas, company string, f Faults, centre point, radius float64, r *rand.Rand) {
	if f.NoStamp {
		return
	}
	if f.WrongStamp != "" {
		company = f.WrongStamp
	}
	strength := 0.72 + r.Float64()*0.2
	if f.PaleStamp {
		strength = 0.16
	}
	p.stamp(c, company, centre, radius, strength, r)
}

// sheet puts a page onto an A4 canvas of 1240 × 1754 pixels (150 dpi).
func (p *Painter) sheet(page image.Image) *canvas {
	c := p.canvas(1240, 1754, color.White)
	// A4 in whole points is a pixel more or less at 150 dpi; that is no reason to resample.
	if d := page.Bounds().Size().Sub(c.Bounds().Size()); d.X*d.X+d.Y*d.Y <= 8 {
		draw.Draw(c.RGBA, c.Bounds(), page, page.Bounds().Min, draw.Src)
		return c
	}
	xdraw.CatmullRom.Scale(c.RGBA, c.Bounds(), page, page.Bounds(), xdraw.Src, nil)
	return c
}

// ErrNoPages is returned by Pages for a file without any.
var ErrNoPages = errors.New("the PDF has no pages")

// Pages turns a PDF into page images of 150 dpi with pdftoppm (Debian package poppler-utils).
func Pages(ctx context.Context, pdf []byte) ([]image.Image, error) {
	var out []image.Image
	for n := 1; ; n++ {
		page := strconv.Itoa(n)
		// JPEG takes it a sixth of the time of PNG, and a scan is one anyway.
		cmd := exec.CommandContext(ctx, "pdftoppm", "-jpeg", "-jpegopt", "quality=95", "-r", "150", "-f", page, "-l", page, "-") //nolint:gosec // fixed arguments
		cmd.Stdin = bytes.NewReader(pdf)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		if n > 1 && (stdout.Len() == 0) {
			return out, nil // pdftoppm refuses a page past the last
		}
		if err != nil {
			return nil, fmt.Errorf("rasterise PDF: %w: %s", err, strings.TrimSpace(stderr.String()))
		}
		if stdout.Len() == 0 {
			return nil, ErrNoPages
		}
		img, err := jpeg.Decode(&stdout)
		if err != nil {
			return nil, fmt.Errorf("rasterise PDF: %w", err)
		}
		out = append(out, img)
	}
}
