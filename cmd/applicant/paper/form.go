package paper

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
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
	Contract    bool   // the seal is the company's for contracts (合同专用章)
	UpsideDown  bool   // the page lay the wrong way round
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

// SignedForm returns the scan of a printed page with signature and red seal, as JPEG.
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
	return scan(c.RGBA, f.Faults.UpsideDown, r)
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
	kind := companySeal
	if f.Contract {
		kind = contractSeal
	}
	p.stamp(c, rubber{company, kind}, centre, radius, strength, r)
}

// A4 in pixels at the resolution of a form's scan: enough to tell one seal from another, and to read the form's code.
const (
	resolution              = 120 // dots per inch
	sheetWidth, sheetHeight = 992, 1403
)

// sheet puts a page onto an A4 canvas.
func (p *Painter) sheet(page image.Image) *canvas {
	c := p.canvas(sheetWidth, sheetHeight, color.White)
	// A4 in whole points is a pixel more or less; that is no reason to resample.
	if d := page.Bounds().Size().Sub(c.Bounds().Size()); d.X*d.X+d.Y*d.Y <= 8 {
		draw.Draw(c.RGBA, c.Bounds(), page, page.Bounds().Min, draw.Src)
		return c
	}
	xdraw.CatmullRom.Scale(c.RGBA, c.Bounds(), page, page.Bounds(), xdraw.Src, nil)
	return c
}

// ErrNoPages is returned by Pages for a file without any.
var ErrNoPages = errors.New("the PDF has no pages")

// Pages turns a PDF into what a black and white printer makes of it, in the resolution of a scan, with pdftoppm (Debian package
// poppler-utils).
func Pages(ctx context.Context, pdf []byte) ([]image.Image, error) {
	cmd := exec.CommandContext(ctx, "pdftoppm", "-gray", "-r", strconv.Itoa(resolution), "-") //nolint:gosec // a constant
	cmd.Stdin = bytes.NewReader(pdf)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("rasterise PDF: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	var out []image.Image
	for stdout.Len() > 0 {
		page, err := greymap(&stdout)
		if err != nil {
			return nil, fmt.Errorf("rasterise PDF: %w", err)
		}
		out = append(out, page)
	}
	if len(out) == 0 {
		return nil, ErrNoPages
	}
	return out, nil
}

// greymap reads one picture in the binary format of pgm(5), as pdftoppm writes it.
func greymap(in *bytes.Buffer) (*image.Gray, error) {
	var w, h int
	if _, err := fmt.Fscanf(in, "P5\n%d %d\n255\n", &w, &h); err != nil {
		return nil, err
	}
	page := image.NewGray(image.Rect(0, 0, w, h))
	_, err := io.ReadFull(in, page.Pix)
	return page, err
}
