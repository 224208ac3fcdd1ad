// Package board holds read models for lists, search and the dashboard. It only selects, under a database role of its
// own that cannot see credentials, sessions or keys, and it may read any business table. Lists are paged by key, counts
// are capped, and every list takes the actor: rows outside their projects do not exist for them.
package board

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// CountCap is where counting stops: lists show "1000+" beyond it.
const CountCap = 1000

// Count is a capped count.
type Count struct {
	N    int
	More bool // there are more than N
}

// Board reads for screens.
type Board struct {
	db     *pg.DB
	now    func() time.Time
	beyond beyond
}

// New makes the board.
func New(db *pg.DB, now func() time.Time) *Board { return &Board{db: db, now: now} }

// Page is one page of a list: rows and the keys of the neighbouring pages, empty where there is none.
type Page[T any] struct {
	Rows []T
	Prev string
	Next string
}

// OrderLine is one order in a list.
type OrderLine struct {
	ID          uuid.UUID
	No          string
	Holder      string
	Kind        order.Kind
	Path        order.Path
	Years       int
	Stage       order.Stage
	Review      order.State
	AgentMask   string
	ReviewDueAt *time.Time
	SubmittedAt *time.Time
	StageSince  time.Time
	CreatedAt   time.Time
	UpdatedAt   time.Time
	// HolderName and HolderUntil say who has claimed the order.
	ClaimStaff *uuid.UUID
	ClaimName  string
	ClaimNo    string
	ClaimUntil *time.Time
	Rounds     int // verdicts so far
}

// cursor is the key of a page's edge: the sort value and the id of the row there.
type cursor struct {
	At time.Time `json:"a"`
	ID uuid.UUID `json:"i"`
}

func (c cursor) encode() string {
	raw, err := json.Marshal(c)
	if err != nil {
		return "" // a time and a uuid always encode
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// decodeCursor reads a key from a URL. Invalid "page_unknown" for anything that is not one of ours.
func decodeCursor(s string) (cursor, error) {
	var c cursor
	if s == "" {
		return c, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil {
		return c, fault.InvalidField("after", "page_unknown")
	}
	return c, nil
}
