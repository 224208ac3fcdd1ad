package desk

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"

	"caconsole/cmd/applicant/paper"
)

// The kinds of papers and the reasons for which they are sent back, as the verdict form spells them.
const (
	formKind    = "application_form"
	licenceKind = "business_licence"

	stampMissing     = "stamp_missing"
	stampOther       = "stamp_other"
	stampUnclear     = "stamp_unclear"
	signatureMissing = "signature_missing"
	unreadable       = "unreadable"
)

// area is a part of a page, in fractions of its width and height.
type area struct{ x0, y0, x1, y1 float64 }

// turned is where an area lies on a page that is upside down.
func (a area) turned() area { return area{1 - a.x1, 1 - a.y1, 1 - a.x0, 1 - a.y0} }

// mark is where hands leave something on a page, and how wide that is, as a fraction of the page's width.
type mark struct {
	area
	width float64
}

// Our own form is stamped and signed in its lower half, the seal to the right; how far down depends on how long the
// fields above are. Copies of licences are stamped at the lower left, clear of the authority's own seal. A company's
// seal has 42 mm, which is a fifth of an upright page.
var (
	formStamp     = mark{area{0.52, 0.55, 0.95, 0.95}, 0.2}
	formSignature = mark{area{0.18, 0.55, 0.48, 0.95}, 0.2}
	licenceStamp  = mark{area{0.17, 0.66, 0.38, 0.93}, 0.141}
)

// How much of a square around it a mark takes: a seal that can be read, one that can hardly be, a name in pen. Less is
// none.
const (
	clearShare = 0.06
	paleShare  = 0.12
	penShare   = 0.01
)

// How far from grey, in steps of the JPEG's colour channels, ink is taken for full and for faint. A scanner's own tint
// stays below.
const (
	fullRed  = 30
	faintRed = 6
	penBlue  = 12
)

// judge looks at the pages of a paper of a company and says why it goes back, if it does: whether there is a seal,
// whether it can be read and is the company's own, whether somebody signed. Papers of other kinds it accepts.
func judge(p *paper.Painter, company, kind string, pages [][]byte) ([]string, error) {
	if len(pages) == 0 || kind != formKind && kind != licenceKind {
		return nil, nil
	}
	last, err := jpeg.Decode(bytes.NewReader(pages[len(pages)-1]))
	if err != nil {
		return nil, fmt.Errorf("look at page: %w", err)
	}
	scan, ok := last.(*image.YCbCr)
	if !ok {
		return nil, fmt.Errorf("look at page: a %T has no colours", last)
	}
	stamp := licenceStamp
	if kind == formKind {
		stamp = formStamp
	}
	var reasons []string
	full, faint := reds(scan, stamp)
	switch {
	case full >= clearShare && right(scan, stamp, company, p):
	case full >= clearShare && kind == formKind:
		reasons = append(reasons, stampOther)
	case full >= clearShare: // a licence without its company's seal: the form knows no other word for it
		reasons = append(reasons, stampMissing)
	case upsideDown(scan, stamp):
		return []string{unreadable}, nil
	case full+faint >= paleShare:
		reasons = append(reasons, stampUnclear)
	default:
		reasons = append(reasons, stampMissing)
	}
	if kind == formKind && blues(scan, formSignature) < penShare {
		reasons = append(reasons, signatureMissing)
	}
	return reasons, nil
}

// upsideDown reports whether the seal is where it would be on a page that lay the wrong way round.
func upsideDown(scan *image.YCbCr, stamp mark) bool {
	full, _ := reds(scan, mark{stamp.turned(), stamp.width})
	return full >= clearShare
}

// reds are the shares of a mark's square that full and faint red ink take.
func reds(scan *image.YCbCr, m mark) (full, faint float64) {
	m.each(scan, func(_, cr int) {
		switch {
		case cr >= fullRed:
			full++
		case cr >= faintRed:
			faint++
		}
	})
	return full / m.square(scan), faint / m.square(scan)
}

// blues is the share of a mark's square that blue ink takes.
func blues(scan *image.YCbCr, m mark) float64 {
	blue := 0.0
	m.each(scan, func(cb, _ int) {
		if cb >= penBlue {
			blue++
		}
	})
	return blue / m.square(scan)
}

// stride is the distance of the pixels that are looked at.
const stride = 2

// square is how many pixels are looked at in the square around a mark.
func (m mark) square(scan *image.YCbCr) float64 {
	side := m.width * float64(scan.Bounds().Dx()) / stride
	return max(side*side, 1)
}

// each visits the colours of an area as differences from grey.
func (a area) each(scan *image.YCbCr, visit func(cb, cr int)) {
	b := scan.Bounds()
	at := func(f float64, size int) int { return int(f * float64(size)) }
	for y := at(a.y0, b.Dy()); y < at(a.y1, b.Dy()); y += stride {
		for x := at(a.x0, b.Dx()); x < at(a.x1, b.Dx()); x += stride {
			o := scan.COffset(b.Min.X+x, b.Min.Y+y)
			visit(int(scan.Cb[o])-128, int(scan.Cr[o])-128)
		}
	}
}
