package job

import (
	"context"
	"slices"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"caconsole/admin/pg"
)

// uniqueWaiting tags the jobs of UniqueWaiting.
const uniqueWaiting = "unique_waiting"

// admit lets the next job of its kind into the queue before one of UniqueWaiting runs.
func admit(db *pg.DB) river.WorkerMiddlewareFunc {
	return func(ctx context.Context, j *rivertype.JobRow, run func(context.Context) error) error {
		if slices.Contains(j.Tags, uniqueWaiting) {
			err := db.InTx(ctx, func(_ context.Context, tx pg.Tx) error {
				return tx.Gorm().Exec("UPDATE river_job SET unique_key = NULL WHERE id = ?", j.ID).Error
			})
			if err != nil {
				return pg.Fault(err)
			}
		}
		return run(ctx)
	}
}
