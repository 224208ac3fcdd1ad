package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

type callback struct {
	ID         uuid.UUID
	Source     string
	Headers    string // JSON
	BodySealed []byte
	State      string
	Reason     string
	ReceivedAt time.Time
	SettledAt  *time.Time
}

func (callback) TableName() string { return "inbox_callback" }

func insert(ctx context.Context, tx pg.Tx, c callback, headers map[string]string) error {
	if headers == nil {
		headers = map[string]string{}
	}
	raw, err := json.Marshal(headers)
	if err != nil {
		return fmt.Errorf("inbox: headers: %w", err)
	}
	c.Headers, c.State = string(raw), Received
	return pg.Fault(tx.Gorm().WithContext(ctx).Create(&c).Error)
}

func get(ctx context.Context, q pg.Q, id uuid.UUID) (callback, error) {
	var c callback
	err := q.Gorm().WithContext(ctx).Where("id = ?", id).Take(&c).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return c, &fault.Error{Kind: fault.NotFound, Key: "callback_unknown", Cause: err}
	}
	return c, pg.Fault(err)
}

func (i *Inbox) open(c callback) (Callback, error) {
	body, err := i.sealer.OpenBytes(field, c.ID, c.BodySealed)
	if err != nil {
		return Callback{}, err
	}
	out := Callback{
		ID: c.ID, Source: c.Source, Body: body, State: c.State, Reason: c.Reason,
		ReceivedAt: c.ReceivedAt, SettledAt: c.SettledAt,
	}
	if err := json.Unmarshal([]byte(c.Headers), &out.Headers); err != nil {
		return Callback{}, fmt.Errorf("inbox: headers: %w", err)
	}
	return out, nil
}

func unsettled(ctx context.Context, q pg.Q, source string, before time.Time, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := q.Gorm().WithContext(ctx).Model(&callback{}).
		Where("source = ? AND received_at < ? AND state IN ?", source, before, []string{Received, Verified}).
		Order("received_at").Limit(limit).Pluck("id", &ids).Error
	return ids, pg.Fault(err)
}

type change struct {
	to     string
	from   []string
	reason string
	at     *time.Time
}

func move(ctx context.Context, tx pg.Tx, id uuid.UUID, c change) error {
	done := tx.Gorm().WithContext(ctx).Model(&callback{}).Where("id = ? AND state IN ?", id, c.from).
		Updates(map[string]any{"state": c.to, "reason": c.reason, "settled_at": c.at})
	if done.Error != nil || done.RowsAffected == 1 {
		return pg.Fault(done.Error)
	}
	if _, err := get(ctx, tx, id); err != nil {
		return err
	}
	return fault.New(fault.Conflict, "callback_settled", nil)
}

func remove(ctx context.Context, tx pg.Tx, before time.Time) (int64, error) {
	done := tx.Gorm().WithContext(ctx).Where("settled_at < ? OR state IN ? AND received_at < ?", before, []string{Received, Verified}, before).Delete(&callback{})
	return done.RowsAffected, pg.Fault(done.Error)
}
