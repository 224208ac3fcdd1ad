package document

import (
	"bytes"
	"context"
	"image"
	_ "image/jpeg" // the two picture formats admitted
	_ "image/png"
	"time"

	"github.com/gabriel-vasile/mimetype"

	"caconsole/admin/fault"
)

// Limits of an upload.
const (
	MaxBytes  = 20 << 20
	MaxPages  = 20
	MaxPixels = 40_000_000

	checkTime = 15 * time.Second
)

const (
	mimeJPEG = "image/jpeg"
	mimePNG  = "image/png"
	mimePDF  = "application/pdf"
)

// File is an upload whose content was checked.
type File struct {
	Mime  string
	Pages int
	body  []byte
}

// heavy bounds how many files are decoded at once: 40 megapixels are up to 320 MB of memory.
var heavy = make(chan struct{}, 2)

func enter(ctx context.Context) (leave func(), err error) {
	select {
	case heavy <- struct{}{}:
		return func() { <-heavy }, nil
	case <-ctx.Done():
		return nil, fault.Down("document_engine_busy", 2*time.Second, ctx.Err())
	}
}

// Check looks at what a file is, by its content and never by its name, and decodes it once, so that what is accepted
// can be shown. It runs outside any transaction.
// Errors, all Invalid: "document_empty", "document_too_large" (max_mb), "document_type", "document_unreadable",
// "document_too_many_pixels" (max_mp), "document_too_many_pages" (max), "document_encrypted"; Unavailable
// "document_engine_busy".
func (d *Documents) Check(ctx context.Context, body []byte) (File, error) {
	switch {
	case len(body) == 0:
		return File{}, fault.New(fault.Invalid, "document_empty", nil)
	case len(body) > MaxBytes:
		return File{}, fault.New(fault.Invalid, "document_too_large", fault.Args{"max_mb": MaxBytes >> 20})
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	leave, err := enter(ctx)
	if err != nil {
		return File{}, err
	}
	defer leave()
	switch mime := mimetype.Detect(body); {
	case mime.Is(mimeJPEG):
		return checkPicture(body, mimeJPEG, "jpeg")
	case mime.Is(mimePNG):
		return checkPicture(body, mimePNG, "png")
	case mime.Is(mimePDF):
		return checkPDF(ctx, body)
	default:
		return File{}, fault.New(fault.Invalid, "document_type", nil)
	}
}

func checkPicture(body []byte, mime, format string) (File, error) {
	if _, err := decode(body, format); err != nil {
		return File{}, err
	}
	return File{Mime: mime, Pages: 1, body: body}, nil
}

// decode reads a picture after its header has shown that it is not too large: a few bytes can claim to be
// gigapixels.
func decode(body []byte, format string) (image.Image, error) {
	head, got, err := image.DecodeConfig(bytes.NewReader(body))
	if err != nil || got != format || head.Width <= 0 || head.Height <= 0 {
		return nil, unreadable(err)
	}
	if int64(head.Width)*int64(head.Height) > MaxPixels {
		return nil, fault.New(fault.Invalid, "document_too_many_pixels", fault.Args{"max_mp": MaxPixels / 1_000_000})
	}
	img, _, err := image.Decode(bytes.NewReader(body))
	if err != nil {
		return nil, unreadable(err)
	}
	return img, nil
}

func unreadable(cause error) error {
	return &fault.Error{Kind: fault.Invalid, Key: "document_unreadable", Cause: cause}
}

func checkPDF(ctx context.Context, body []byte) (File, error) {
	pages := 0
	err := withPDF(ctx, body, func(doc pdf) (err error) {
		pages, err = doc.pages()
		return err
	})
	switch {
	case err != nil:
		return File{}, err
	case pages > MaxPages:
		return File{}, fault.New(fault.Invalid, "document_too_many_pages", fault.Args{"max": MaxPages})
	}
	return File{Mime: mimePDF, Pages: pages, body: body}, nil
}
