// Package idem makes a repeated request have one effect: the answer to an idempotency key is kept in the transaction
// of the effect, and given again.
package idem

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

const maxLength = 200 // bytes of a principal and of a key

// Key names one request of one caller.
type Key struct {
	Principal string   // who asks: keys of different callers never meet
	Key       string   // as the caller chose it; empty: the request asks for no such care
	Digest    [32]byte // of method, path and body, say: a key is good for one request only
}

// Run runs fn once for a key, in tx, and answers every repetition with the answer of that run. Two requests with the
// same key at once take turns. An error of fn must end the transaction, and the key with it: errors are not kept.
// Answers are stored as JSON and in clear, so they hold no secrets and no personal data.
//
// Errors: Conflict idempotency_key_reused where the key stands for another request, Invalid where it is too long,
// Unavailable database_busy where the first request is still at work after two seconds, and fn's.
func Run[T any](ctx context.Context, tx pg.Tx, k Key, now time.Time, fn func() (T, error)) (T, error) {
	var none T
	if k.Key == "" {
		return fn()
	}
	if len(k.Key) > maxLength || k.Principal == "" || len(k.Principal) > maxLength {
		return none, fault.InvalidField("Idempotency-Key", "idempotency_key_unusable")
	}
	first, err := claim(ctx, tx, k, now)
	if err != nil {
		return none, err
	}
	if !first {
		return repeat[T](ctx, tx, k)
	}
	answer, err := fn()
	if err != nil {
		return none, err
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		return none, fmt.Errorf("idem: answer: %w", err)
	}
	return answer, keep(ctx, tx, k, raw)
}

func repeat[T any](ctx context.Context, tx pg.Tx, k Key) (T, error) {
	var answer T
	digest, raw, err := load(ctx, tx, k)
	if err != nil {
		return answer, err
	}
	if digest != k.Digest {
		return answer, fault.New(fault.Conflict, "idempotency_key_reused", nil)
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return answer, fmt.Errorf("idem: stored answer: %w", err)
	}
	return answer, nil
}

// Forget removes keys first used before a time, and returns how many.
func Forget(ctx context.Context, tx pg.Tx, before time.Time) (int64, error) {
	return remove(ctx, tx, before)
}
