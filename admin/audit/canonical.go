package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/gowebpki/jcs"

	"caconsole/admin/actor"
)

// Longest texts of an entry, in runes; what is longer is cut. Names of failed logins are whatever a stranger typed.
const (
	maxName   = 200
	maxReason = 2000
	// maxDetails keeps an entry from becoming a file store; in bytes of JSON.
	maxDetails = 64 << 10
)

// timeLayout writes microseconds, which is what the database keeps.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// canonical is the hashed form of an entry: RFC 8785 over this object. Its version and field names never change; a
// new field means a new version.
type canonical struct {
	Version int             `json:"v"`
	ID      uuid.UUID       `json:"id"`
	At      string          `json:"at"`
	Actor   canonicalActor  `json:"actor"`
	Project string          `json:"project"`
	Action  string          `json:"action"`
	Object  string          `json:"object"`
	Outcome string          `json:"outcome"`
	Reason  string          `json:"reason"`
	Details json.RawMessage `json:"details"`
}

type canonicalActor struct {
	Kind    string `json:"kind"`
	ID      string `json:"id"`
	Name    string `json:"name"`
	Session string `json:"session"`
	Request string `json:"request"`
	IP      string `json:"ip"`
}

// newRow makes the row of an entry with its leaf hash.
func newRow(id uuid.UUID, a actor.Actor, at time.Time, e Entry) (entryRow, error) {
	if e.Action == "" {
		return entryRow{}, errors.New("audit: an entry without an action")
	}
	if e.Outcome == "" {
		e.Outcome = OK
	}
	details, err := canonicalDetails(e.Details)
	if err != nil {
		return entryRow{}, fmt.Errorf("audit: details of %s: %w", e.Action, err)
	}
	row := entryRow{
		ID: id, At: at.UTC().Truncate(time.Microsecond),
		ActorKind: string(a.Kind), ActorID: optional(a.ID), ActorName: clean(a.Name, maxName),
		SessionID: optional(a.SessionID), RequestID: clean(a.RequestID, maxName), IP: clean(a.IP, maxName),
		ProjectID: optional(e.Project), Action: clean(e.Action, maxName), Object: clean(e.Object, maxName),
		Outcome: e.Outcome, Reason: clean(e.Reason, maxReason), Details: string(details),
	}
	body, err := row.canonical()
	if err != nil {
		return entryRow{}, err
	}
	row.LeafHash = hasher{}.HashLeaf(body)
	return row, nil
}

// canonical returns the bytes that are hashed.
func (r entryRow) canonical() ([]byte, error) {
	plain, err := json.Marshal(canonical{
		Version: 1, ID: r.ID, At: r.At.UTC().Format(timeLayout),
		Actor: canonicalActor{
			Kind: r.ActorKind, ID: text(r.ActorID), Name: r.ActorName,
			Session: text(r.SessionID), Request: r.RequestID, IP: r.IP,
		},
		Project: text(r.ProjectID), Action: r.Action, Object: r.Object,
		Outcome: r.Outcome, Reason: r.Reason, Details: json.RawMessage(r.Details),
	})
	if err != nil {
		return nil, fmt.Errorf("audit: entry %s: %w", r.ID, err)
	}
	body, err := jcs.Transform(plain)
	if err != nil {
		return nil, fmt.Errorf("audit: entry %s: %w", r.ID, err)
	}
	return body, nil
}

// canonicalDetails brings details to the form that survives jsonb: RFC 8785, without the NUL character jsonb refuses.
func canonicalDetails(details map[string]any) ([]byte, error) {
	if len(details) == 0 {
		return []byte("{}"), nil
	}
	plain, err := json.Marshal(details)
	if err != nil {
		return nil, err
	}
	if bytes.Contains(plain, []byte(`\u0000`)) {
		if plain, err = withoutNUL(plain); err != nil {
			return nil, err
		}
	}
	if len(plain) > maxDetails {
		return nil, fmt.Errorf("%d bytes, at most %d", len(plain), maxDetails)
	}
	return jcs.Transform(plain)
}

func withoutNUL(plain []byte) ([]byte, error) {
	dec := json.NewDecoder(bytes.NewReader(plain))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(dropNUL(v))
}

func dropNUL(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "\x00", "")
	case []any:
		for i := range v {
			v[i] = dropNUL(v[i])
		}
		return v
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[strings.ReplaceAll(k, "\x00", "")] = dropNUL(e)
		}
		return out
	default:
		return v
	}
}

// clean makes a text that PostgreSQL stores as it is.
func clean(s string, limit int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
	if r := []rune(s); len(r) > limit {
		return string(r[:limit])
	}
	return s
}

func optional(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

func text(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return id.String()
}
