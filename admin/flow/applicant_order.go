package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// OrderView is an order as its applicant sees it.
type OrderView struct {
	Order       order.Order
	Next        order.Next
	FormVersion int                 // 0 before the first confirmation
	Papers      []document.Document // in force
}

// ApplicantOrder reads one of the applicant's orders; fault order_unknown, also for another's.
func (f *Flow) ApplicantOrder(ctx context.Context, a actor.Actor, no string) (OrderView, error) {
	q := f.DB.Read(ctx)
	o, err := f.Orders.Get(ctx, q, a, no)
	if err != nil {
		return OrderView{}, err
	}
	return f.orderView(ctx, q, a, o)
}

// ApplicantOrders lists the applicant's orders, newest first.
func (f *Flow) ApplicantOrders(ctx context.Context, a actor.Actor) ([]OrderView, error) {
	q := f.DB.Read(ctx)
	orders, err := f.Orders.OfApplicant(ctx, q, a.ID)
	if err != nil {
		return nil, err
	}
	views := make([]OrderView, 0, len(orders))
	for _, o := range orders {
		v, err := f.orderView(ctx, q, a, o)
		if err != nil {
			return nil, err
		}
		views = append(views, v)
	}
	return views, nil
}

func (f *Flow) orderView(ctx context.Context, q pg.Q, a actor.Actor, o order.Order) (OrderView, error) {
	form, err := f.Documents.CurrentForm(ctx, q, o.ID)
	if err != nil && !fault.HasKey(err, "form_not_confirmed") {
		return OrderView{}, err
	}
	papers, err := f.Documents.List(ctx, q, a, o.ID)
	if err != nil {
		return OrderView{}, err
	}
	v := OrderView{Order: o, Next: o.Next(form.Version > 0), FormVersion: form.Version}
	for _, p := range papers {
		if p.State != document.Superseded {
			v.Papers = append(v.Papers, p)
		}
	}
	return v, nil
}
