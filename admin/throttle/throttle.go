// Package throttle limits how often something may be tried, over all processes that share the database.
//
// A bucket holds as many tokens as are allowed in a period and fills up evenly; each attempt takes one. Buckets are
// named "what:whom"; whom is stored as a digest only, for it is a phone number or an address.
package throttle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strings"
	"time"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

// Throttle takes tokens in transactions of its own, so that a refused attempt counts too.
type Throttle struct {
	db  *pg.DB
	now func() time.Time
}

// New returns a throttle on a database.
func New(db *pg.DB, now func() time.Time) *Throttle { return &Throttle{db: db, now: now} }

// Take takes one of the limit tokens that a bucket gets in each period. Error: Limited too_many_attempts with the
// time until the next token. It must not be called inside a transaction.
func (t *Throttle) Take(ctx context.Context, bucket string, limit int, per time.Duration) error {
	rate := float64(limit) / per.Seconds()
	var missing float64
	err := t.db.InTx(ctx, func(ctx context.Context, tx pg.Tx) (err error) {
		missing, err = take(ctx, tx, name(bucket), float64(limit), rate, t.now())
		return err
	})
	if err != nil {
		return err
	}
	if missing > 0 {
		wait := time.Duration(math.Ceil(missing/rate)) * time.Second
		return &fault.Error{Kind: fault.Limited, Key: "too_many_attempts", RetryAfter: wait, Args: fault.Args{"seconds": int(wait.Seconds())}}
	}
	return nil
}

// Reset fills a bucket again, after an attempt that succeeded.
func (t *Throttle) Reset(ctx context.Context, bucket string) error {
	return t.db.InTx(ctx, func(ctx context.Context, tx pg.Tx) error { return drop(ctx, tx, name(bucket)) })
}

// Forget removes the buckets that are full again: a missing bucket is a full one. It returns how many.
func (t *Throttle) Forget(ctx context.Context) (n int64, err error) {
	err = t.db.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		n, err = dropFull(ctx, tx, t.now())
		return err
	})
	return n, err
}

func name(bucket string) string {
	what, _, _ := strings.Cut(bucket, ":")
	sum := sha256.Sum256([]byte(bucket))
	return what + ":" + hex.EncodeToString(sum[:16])
}
