package flow

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// telecomHangs is when an order whose agent was never checked is taken up again.
const telecomHangs = 2 * time.Minute

// SweepTelecom asks the carriers about agents whose check was lost, in projects that want it.
func (f *Flow) SweepTelecom(ctx context.Context) error {
	q := f.DB.Read(ctx)
	projects, err := f.Projects.List(ctx, q)
	if err != nil {
		return err
	}
	var asking []uuid.UUID
	for _, p := range projects {
		settings, err := f.Projects.Settings(ctx, q, p.ID, f.Now())
		if err != nil {
			return err
		}
		if settings.TelecomOnReviewed {
			asking = append(asking, p.ID)
		}
	}
	nos, err := f.Orders.WithoutTelecom(ctx, q, asking, f.Now().Add(-telecomHangs), 50)
	if err != nil {
		return err
	}
	return each(nos, func(no string) error { return f.TelecomCheck(ctx, TelecomCheckArgs{OrderNo: no}) })
}
