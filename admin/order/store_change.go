package order

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/pg"
)

// Change is the only writer of gates. It locks the order's row, calls fn with its gates, moves what moves by itself,
// refuses moves that are not allowed (Conflict "gate_move", "payment_locked", "order_closed", …), derives the stage and
// saves gates, course and audit entry in tx. act is the audit action, "review.approved" for example.
//
// It returns the order as saved. fn that changes nothing saves nothing. An order outside the actor's scope is NotFound.
func (o *Orders) Change(ctx context.Context, tx pg.Tx, a actor.Actor, no, act string, fn func(*Gates) error) (Order, error) {
	r, err := o.lock(tx, a, no)
	if err != nil {
		return Order{}, err
	}
	before := r.gates()
	after := before
	if err := fn(&after); err != nil {
		return Order{}, err
	}
	after.advance()
	if err := check(before, after); err != nil {
		return Order{}, err
	}
	if after == before {
		return r.order(), nil
	}
	if err := o.apply(ctx, tx, &r, before, after); err != nil {
		return Order{}, err
	}
	if err := tx.Gorm().Model(&row{}).Where("id = ?", r.ID).Updates(r.columns()).Error; err != nil {
		return Order{}, pg.Fault(err)
	}
	if err := o.record(ctx, tx, a, r, act, before, after); err != nil {
		return Order{}, err
	}
	return r.order(), nil
}

// Lock takes the row lock of an order and returns it unchanged, for a use case that first reads, then decides.
func (o *Orders) Lock(_ context.Context, tx pg.Tx, a actor.Actor, no string) (Order, error) {
	r, err := o.lock(tx, a, no)
	return r.order(), err
}

func (o *Orders) lock(tx pg.Tx, a actor.Actor, no string) (row, error) {
	var r row
	err := tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("no = ?", no).Take(&r).Error
	if err != nil {
		return row{}, unknown(err)
	}
	return r, visible(a, r)
}

// apply writes the new gates into the row with everything that follows from them.
func (o *Orders) apply(ctx context.Context, tx pg.Tx, r *row, before, after Gates) error {
	now := o.now()
	r.setGates(after)
	r.UpdatedAt = now
	owes := after.AwaitsDifference() && !before.AwaitsDifference() // a time of its own begins, at whatever stage
	if stage := after.Stage(); stage != r.Stage || owes {
		r.Stage, r.StageSince = stage, now
	}
	entered := after.Review == Queued && before.Review != Queued && before.Review != Claimed
	if entered {
		due, err := o.due(ctx, tx, r.ProjectID, now)
		if err != nil {
			return err
		}
		r.ReviewDueAt = &due
		if r.SubmittedAt == nil {
			r.SubmittedAt = &now
		}
	}
	if after.Closed != Open && r.ClosedAt == nil {
		r.ClosedAt = &now
	}
	return nil
}

type eventRow struct {
	OrderID   uuid.UUID
	At        time.Time
	Gate      string
	FromState string
	ToState   string
	ActorKind string
	ActorID   *uuid.UUID
	Act       string
}

// TableName tells gorm the table.
func (eventRow) TableName() string { return "order_event" }

func (o *Orders) record(ctx context.Context, tx pg.Tx, a actor.Actor, r row, act string, before, after Gates) error {
	var who *uuid.UUID
	if a.ID != uuid.Nil {
		who = &a.ID
	}
	details := map[string]any{"content_version": after.ContentVersion, "stage": string(r.Stage)}
	events := make([]eventRow, 0, 4)
	add := func(gate, from, to string) {
		events = append(events, eventRow{r.ID, r.UpdatedAt, gate, from, to, string(a.Kind), who, act})
		details[gate] = []string{from, to}
	}
	for _, m := range diff(before, after) {
		add(string(m.Gate), string(m.From), string(m.To))
	}
	if before.Path != after.Path {
		add("path", string(before.Path), string(after.Path))
	}
	if before.Method != after.Method {
		add("method", string(before.Method), string(after.Method))
	}
	if before.Kept != after.Kept {
		details["kept_fen"] = []int64{int64(before.Kept), int64(after.Kept)}
	}
	if before.Closed != after.Closed {
		add("closed", string(before.Closed), string(after.Closed))
	}
	if len(events) > 0 {
		if err := tx.Gorm().Create(&events).Error; err != nil {
			return pg.Fault(err)
		}
	}
	return audit.Append(ctx, tx, a, r.UpdatedAt, audit.Entry{Action: act, Object: "order:" + r.No, Project: r.ProjectID, Outcome: audit.OK, Details: details})
}

// Events returns the course of an order, oldest first, at most 500 steps.
func (o *Orders) Events(_ context.Context, q pg.Q, id uuid.UUID) ([]Event, error) {
	var rows []eventRow
	if err := q.Gorm().Where("order_id = ?", id).Order("id").Limit(500).Find(&rows).Error; err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]Event, 0, len(rows))
	for _, e := range rows {
		out = append(out, Event{
			At: e.At, Move: Move{Gate(e.Gate), State(e.FromState), State(e.ToState)}, ActorKind: e.ActorKind,
			ActorID: deref(e.ActorID), Act: e.Act,
		})
	}
	return out, nil
}

// TakeDuty records that a member of staff acts in an order. The same duty again is no conflict; another duty of the
// same person is Conflict "four_eyes". Call it in the transaction of the act.
func (o *Orders) TakeDuty(ctx context.Context, tx pg.Tx, orderID, staffID uuid.UUID, duty Duty) error {
	type dutyRow struct {
		OrderID, StaffID uuid.UUID
		Duty             Duty
		At               time.Time
	}
	res := tx.Gorm().Table("order_duty").Clauses(clause.OnConflict{DoNothing: true}).Create(&dutyRow{orderID, staffID, duty, o.now()})
	if res.Error != nil {
		return pg.Fault(res.Error)
	}
	if res.RowsAffected == 1 {
		return nil
	}
	return o.MayTake(ctx, tx, orderID, staffID, duty)
}

// MayTake tells, without writing, whether TakeDuty would be refused.
func (o *Orders) MayTake(_ context.Context, q pg.Q, orderID, staffID uuid.UUID, duty Duty) error {
	var had []Duty
	err := q.Gorm().Table("order_duty").Where("order_id = ? AND staff_id = ?", orderID, staffID).Pluck("duty", &had).Error
	if err != nil {
		return pg.Fault(err)
	}
	if len(had) == 1 && had[0] != duty {
		return fourEyes(had[0])
	}
	return nil
}
