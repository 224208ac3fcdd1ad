// Package audit keeps the record of who did and saw what, so that an auditor can prove it offline and without
// trusting this server.
//
// A business transaction only inserts its entry; there is no head to lock and no chain to wait for. One sequencer
// gives committed entries gapless numbers within a second, extends an RFC 6962 Merkle tree over them (hash SM3) and
// signs a checkpoint with an SM2 key whose public half the auditor keeps outside. Verify recomputes all of it.
package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/pg"
)

// Outcomes of an action.
const (
	OK      = "ok"
	Refused = "refused" // a rule said no
	Failed  = "failed"  // something broke
)

// Entry is what happened. It never holds personal data in clear: not in Reason, not in Details.
type Entry struct {
	Action  string         // "noun.verb", such as "review.approve"
	Object  string         // "kind:key", such as "order:R26112200317" or "staff:lixiaowen"
	Project uuid.UUID      // zero where no project is concerned
	Outcome string         // empty means OK
	Reason  string         // what the person gave as the reason, where one is asked
	Details map[string]any // JSON values; what was before and after
}

// Log is the audit log of one database.
type Log struct {
	db  *pg.DB
	key *sm2.PrivateKey
	now func() time.Time
}

// New makes the log. key signs checkpoints (seal.Ring.CheckpointKey).
func New(db *pg.DB, key *sm2.PrivateKey, now func() time.Time) *Log {
	return &Log{db: db, key: key, now: now}
}

// Append writes an entry in the caller's transaction: what is rolled back was not done and leaves no entry. To record
// that something was refused use Log.Refused, after the transaction.
func Append(ctx context.Context, tx pg.Tx, a actor.Actor, at time.Time, e Entry) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("audit: make an id: %w", err)
	}
	row, err := newRow(id, a, at, e)
	if err != nil {
		return err
	}
	return insertEntry(ctx, tx, row)
}

// Refused writes an entry in a transaction of its own, for refusals and failed logins, whose own transaction was
// rolled back. It is called outside any transaction. An empty Outcome means Refused.
func (l *Log) Refused(ctx context.Context, a actor.Actor, e Entry) error {
	if e.Outcome == "" {
		e.Outcome = Refused
	}
	return l.Write(ctx, a, e)
}

// Write writes an entry in a transaction of its own, for what changes nothing but must be on record before it
// happens: a paper is about to be shown, a field about to be revealed.
func (l *Log) Write(ctx context.Context, a actor.Actor, e Entry) error {
	return l.db.InTx(ctx, func(ctx context.Context, tx pg.Tx) error { return Append(ctx, tx, a, l.now(), e) })
}
