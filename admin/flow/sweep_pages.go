package flow

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/document"
	"caconsole/admin/job"
	"caconsole/admin/pg"
)

// pagesLate is when page images should have been there.
const pagesLate = time.Minute

// SweepPages asks again for page images that are not there although their paper is.
func (f *Flow) SweepPages(ctx context.Context) error {
	late, err := f.Documents.WithoutImages(ctx, f.DB.Read(ctx), f.Now().Add(-pagesLate), 100)
	if err != nil {
		return err
	}
	return each(late, func(id uuid.UUID) error {
		return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
			return f.Jobs.Enqueue(ctx, tx, document.PagesArgs{DocumentID: id}, job.Queue(document.PagesQueue), job.Unique())
		})
	})
}
