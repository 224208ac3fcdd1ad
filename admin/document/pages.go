package document

import (
	"context"
	"image"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

const (
	// stepPages are made by one call of RenderPages, and stepTime is the longest it may take: a job's limit is 20 s.
	stepPages = 2
	stepTime  = 15 * time.Second
	// giveUpAfter an upload, a page that once more used up a whole step by itself counts as one that cannot be drawn.
	giveUpAfter = time.Hour
)

// Image is a page image with its mark burnt in, JPEG.
type Image struct {
	Body          []byte
	Width, Height int
}

// RenderPages makes the images of some pages and reports whether all are there now. It may be called again at any
// time, also after a crash: what is stored is its cursor. A file that cannot be drawn ends as ImagesFailed, which is
// an answer and no error. Errors: NotFound "document_unknown"; "document_engine_busy", "object_unreadable",
// "object_store_failed", to be tried again.
func (d *Documents) RenderPages(ctx context.Context, id uuid.UUID) (done bool, err error) {
	row, err := d.find(d.db.Read(ctx), actor.Job("document_pages"), id)
	if err != nil || row.Images != ImagesPending {
		return err == nil, err
	}
	have, err := pagesMade(d.db.Read(ctx), id)
	if err != nil {
		return false, pg.Fault(err)
	}
	last := min(row.Pages, have+stepPages)
	if have < last {
		if err := d.renderSome(ctx, row, have+1, last); err != nil {
			return d.afterFailure(ctx, row, have, err)
		}
	}
	if last < row.Pages {
		return false, nil
	}
	return true, d.setImages(ctx, id, ImagesReady)
}

// afterFailure tells a file that cannot be drawn from a machine that is slow: a step that made at least one page is
// gone on with, and a step without any is tried again for an hour.
func (d *Documents) afterFailure(ctx context.Context, row documentRow, had int, cause error) (done bool, err error) {
	slow := fault.HasKey(cause, "document_engine_busy")
	if fault.Is(cause, fault.Invalid) || (slow && d.now().Sub(row.CreatedAt) > giveUpAfter) {
		return true, d.setImages(ctx, row.ID, ImagesFailed)
	}
	if have, err := pagesMade(d.db.Read(ctx), row.ID); err == nil && have > had {
		return false, nil
	}
	return false, cause
}

func (d *Documents) renderSome(ctx context.Context, row documentRow, first, last int) error {
	body, err := d.vault.Open(ctx, row.object())
	if err != nil {
		return err
	}
	leave, err := enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	if row.Mime != mimePDF {
		return d.renderPicture(ctx, row, body)
	}
	return withPDF(ctx, body, func(doc pdf) error {
		for page := first; page <= last; page++ {
			err := doc.draw(page, sizes[0].width, sizes[0].width*tallest, func(img image.Image) error {
				return d.storePage(ctx, row, page, img, orientationNone)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *Documents) renderPicture(ctx context.Context, row documentRow, body []byte) error {
	format, held := "png", orientationNone
	if row.Mime == mimeJPEG {
		format, held = "jpeg", orientation(body)
	}
	img, err := decode(body, format)
	if err != nil {
		return err
	}
	return d.storePage(ctx, row, 1, img, held)
}

// storePage stores both sizes of a page; whoever was faster wins and the other's blobs stay unused.
func (d *Documents) storePage(ctx context.Context, row documentRow, page int, img image.Image, held int) error {
	made, err := pageImages(img, held)
	if err != nil {
		return err
	}
	rows := make([]pageRow, len(made))
	for i, m := range made {
		o, err := d.vault.Put(ctx, m.body)
		if err != nil {
			return err
		}
		rows[i] = pageRow{
			DocumentID: row.ID, Page: page, Size: m.size, Width: m.width, Height: m.height, SizeBytes: o.Size,
			SM3: o.SM3, ObjectKey: o.Key, DataKeySealed: o.DataKey, CreatedAt: d.now(),
		}
	}
	return d.db.InTx(ctx, func(_ context.Context, tx pg.Tx) error { return insertPages(tx, rows) })
}

func (d *Documents) setImages(ctx context.Context, id uuid.UUID, to Images) error {
	return d.db.InTx(ctx, func(_ context.Context, tx pg.Tx) error { return setImages(tx, id, to) })
}

// WithoutImages lists documents, oldest first, whose images are not there although they were uploaded before a time:
// the sweep enqueues their job again.
func (d *Documents) WithoutImages(_ context.Context, q pg.Q, before time.Time, limit int) ([]uuid.UUID, error) {
	ids, err := withoutImages(q, before, limit)
	return ids, pg.Fault(err)
}

// Page returns one page (from 1) as an image with the mark burnt in. The caller has audited the view before: the
// entry stands even if the bytes never arrive.
// Errors: NotFound "document_unknown", "document_page_unknown"; Unavailable "document_images_pending"; Conflict
// "document_images_failed"; Internal "object_unreadable".
func (d *Documents) Page(ctx context.Context, q pg.Q, a actor.Actor, id uuid.UUID, page int, size Size, mark Mark) (Image, error) {
	row, err := d.find(q, a, id)
	if err != nil {
		return Image{}, err
	}
	if page < 1 || page > row.Pages || (size != Small && size != Large) {
		return Image{}, fault.New(fault.NotFound, "document_page_unknown", nil)
	}
	p, found, err := findPage(q, id, page, size)
	switch {
	case err != nil:
		return Image{}, pg.Fault(err)
	case !found && row.Images == ImagesFailed:
		return Image{}, fault.New(fault.Conflict, "document_images_failed", nil)
	case !found:
		return Image{}, fault.Down("document_images_pending", 2*time.Second, nil)
	}
	body, err := d.vault.Open(ctx, p.object())
	if err != nil {
		return Image{}, err
	}
	if body, err = burn(body, mark.text(d.now())); err != nil {
		return Image{}, err
	}
	return Image{Body: body, Width: p.Width, Height: p.Height}, nil
}

func (r documentRow) object() seal.Object {
	return seal.Object{Key: r.ObjectKey, SM3: r.SM3, Size: r.SizeBytes, DataKey: r.DataKeySealed}
}

func (r pageRow) object() seal.Object {
	return seal.Object{Key: r.ObjectKey, SM3: r.SM3, Size: r.SizeBytes, DataKey: r.DataKeySealed}
}
