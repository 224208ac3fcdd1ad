package paper

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
)

// ErrNoPlace is returned by ScanForm for a form that does not say where to sign and stamp.
var ErrNoPlace = errors.New("the form names no place for signature and seal")

// places are where one page wants a signature and a seal, as fractions of its width and height.
type places struct {
	sign, stamp       point
	hasSign, hasStamp bool
}

var (
	signLabel  = regexp.MustCompile(`签[名字章]\s*[：:]$`)
	stampLabel = regexp.MustCompile(`(公章|盖章)\s*[）)]?\s*[：:]$`)
)

// find reads a printed form as its signer does: it looks for the labels 签名： and （公章）： and returns the places next
// to them, page by page. It needs pdftotext (Debian package poppler-utils).
func find(ctx context.Context, pdf []byte) ([]places, error) {
	cmd := exec.CommandContext(ctx, "pdftotext", "-bbox", "-", "-")
	cmd.Stdin = bytes.NewReader(pdf)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("read PDF: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return readPlaces(&stdout)
}

// mm is one millimetre in points.
const mm = 72 / 25.4

func readPlaces(r io.Reader) ([]places, error) {
	type word struct {
		XMin float64 `xml:"xMin,attr"`
		XMax float64 `xml:"xMax,attr"`
		YMin float64 `xml:"yMin,attr"`
		YMax float64 `xml:"yMax,attr"`
		Text string  `xml:",chardata"`
	}
	type page struct {
		Width  float64 `xml:"width,attr"`
		Height float64 `xml:"height,attr"`
		Words  []word  `xml:"word"`
	}
	var doc struct {
		Pages []page `xml:"body>doc>page"`
	}
	d := xml.NewDecoder(r)
	d.Strict, d.Entity = false, xml.HTMLEntity
	if err := d.Decode(&doc); err != nil {
		return nil, fmt.Errorf("read PDF: %w", err)
	}
	out := make([]places, len(doc.Pages))
	for i, p := range doc.Pages {
		for _, w := range p.Words {
			switch text := strings.TrimSpace(w.Text); {
			case stampLabel.MatchString(text):
				out[i].stamp = point{(w.XMax + 6*mm) / p.Width, (w.YMax + 11*mm) / p.Height}
				out[i].hasStamp = true
			case signLabel.MatchString(text):
				out[i].sign = point{(w.XMax + 3*mm) / p.Width, w.YMax / p.Height}
				out[i].hasSign = true
			}
		}
	}
	return out, nil
}

// ScanForm prints a form, signs and stamps it where it says so, and scans it: a JPEG for one page, else a PDF of scans.
// The second result is the media type. It returns ErrNoPlace when the form has no place for either.
func (p *Painter) ScanForm(ctx context.Context, pdf []byte, f Form) ([]byte, string, error) {
	spots, err := find(ctx, pdf)
	if err != nil {
		return nil, "", err
	}
	pages, err := Pages(ctx, pdf)
	if err != nil {
		return nil, "", err
	}
	var scans [][]byte
	signed := false
	for i, page := range pages {
		one := f
		one.Seed += uint64(i)
		here := places{}
		if i < len(spots) {
			here = spots[i]
		}
		one.Faults.NoSignature = f.Faults.NoSignature || !here.hasSign
		one.Faults.NoStamp = f.Faults.NoStamp || !here.hasStamp
		one.SignX, one.SignY, one.StampX, one.StampY = here.sign.x, here.sign.y, here.stamp.x, here.stamp.y
		signed = signed || here.hasSign && here.hasStamp
		raw, err := p.SignedForm(page, one)
		if err != nil {
			return nil, "", err
		}
		scans = append(scans, raw)
	}
	if !signed {
		return nil, "", ErrNoPlace
	}
	if len(scans) == 1 {
		return scans[0], "image/jpeg", nil
	}
	raw, err := PDF(scans...)
	return raw, "application/pdf", err
}
