package flow

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/order"
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
	asking := map[order.Path][]uuid.UUID{}
	for _, p := range projects {
		settings, err := f.Projects.Settings(ctx, q, p.ID, f.Now())
		if err != nil {
			return err
		}
		for _, path := range []order.Path{order.Online, order.Reviewed} {
			if settings.TelecomOn(path == order.Online) {
				asking[path] = append(asking[path], p.ID)
			}
		}
	}
	var hanging []string
	for path, of := range asking {
		nos, err := f.Orders.WithoutTelecom(ctx, q, path, of, f.Now().Add(-telecomHangs), 50)
		if err != nil {
			return err
		}
		hanging = append(hanging, nos...)
	}
	return each(hanging, func(no string) error { return f.TelecomCheck(ctx, TelecomCheckArgs{OrderNo: no}) })
}
