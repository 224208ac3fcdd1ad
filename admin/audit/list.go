package audit

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

// Page sizes of List.
const (
	defaultLimit = 50
	maxLimit     = 500
)

// Filter narrows List; a zero field does not narrow. Texts are compared whole.
type Filter struct {
	Actor   string // name, such as a staff login
	Action  string
	Object  string
	Outcome string
	IP      string
	From    time.Time // inclusive
	To      time.Time // exclusive
	Before  *Cursor   // entries older than this place; nil for the newest
	Limit   int       // 0 means 50, at most 500
}

// Cursor is a place in the list, newest first.
type Cursor struct {
	At time.Time
	ID uuid.UUID
}

// Record is an entry as the auditor reads it.
type Record struct {
	ID      uuid.UUID
	Number  int64 // 0 while the sequencer has not reached it, at most a second
	At      time.Time
	Actor   actor.Actor // kind, id, name, session, request and address
	Project uuid.UUID
	Action  string
	Object  string
	Outcome string
	Reason  string
	Details map[string]any
	Digest  string // leaf hash, hex
}

// Cursor is the place after this record.
func (r Record) Cursor() *Cursor { return &Cursor{At: r.At, ID: r.ID} }

// List returns entries, newest first, as far as the actor may see: those of its projects and those of none.
func List(_ context.Context, q pg.Q, a actor.Actor, f Filter) ([]Record, error) {
	rows, err := findEntries(q, a, f)
	if err != nil {
		return nil, pg.Fault(err)
	}
	records := make([]Record, len(rows))
	for i, row := range rows {
		if records[i], err = row.record(); err != nil {
			return nil, err
		}
	}
	return records, nil
}

// Get returns the entry with a number. Error: NotFound "audit_entry_unknown" (also outside the actor's projects).
func Get(_ context.Context, q pg.Q, a actor.Actor, number int64) (Record, error) {
	row, found, err := findEntry(q, number)
	if err != nil {
		return Record{}, pg.Fault(err)
	}
	if !found || (row.Entry.ProjectID != nil && !a.InScope(*row.Entry.ProjectID)) {
		return Record{}, fault.New(fault.NotFound, "audit_entry_unknown", nil)
	}
	return row.record()
}

func (l listRow) record() (Record, error) {
	r := l.Entry
	out := Record{
		ID: r.ID, At: r.At, Action: r.Action, Object: r.Object, Outcome: r.Outcome, Reason: r.Reason,
		Digest: hex.EncodeToString(r.LeafHash),
		Actor:  actor.Actor{Kind: actor.Kind(r.ActorKind), Name: r.ActorName, RequestID: r.RequestID, IP: r.IP},
	}
	if l.Number != nil {
		out.Number = *l.Number
	}
	if r.ActorID != nil {
		out.Actor.ID = *r.ActorID
	}
	if r.SessionID != nil {
		out.Actor.SessionID = *r.SessionID
	}
	if r.ProjectID != nil {
		out.Project = *r.ProjectID
	}
	if err := json.Unmarshal([]byte(r.Details), &out.Details); err != nil {
		return Record{}, fmt.Errorf("audit: details of entry %s: %w", r.ID, err)
	}
	return out, nil
}
