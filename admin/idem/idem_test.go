package idem_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/idem"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
)

var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

type answer struct {
	No     string `json:"no"`
	Amount int64  `json:"amount"`
}

func run(t *testing.T, db *pg.DB, k idem.Key, fn func() (answer, error)) (got answer, err error) {
	t.Helper()
	err = db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		got, err = idem.Run(ctx, tx, k, noon, fn)
		return err
	})
	return got, err
}

func TestRun(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	effects := 0
	do := func() (answer, error) { effects++; return answer{"R1", 1 << 60}, nil }
	key := idem.Key{Principal: "applicant:1", Key: "k", Digest: [32]byte{1}}

	for range 3 {
		got, err := run(t, db, key, do)
		require.NoError(t, err)
		require.Equal(t, answer{"R1", 1 << 60}, got)
	}
	require.Equal(t, 1, effects)

	other := key
	other.Digest = [32]byte{2}
	_, err := run(t, db, other, do)
	require.True(t, fault.HasKey(err, "idempotency_key_reused"), "%v", err)

	other = key
	other.Principal = "applicant:2"
	_, err = run(t, db, other, do)
	require.NoError(t, err)
	require.Equal(t, 2, effects, "another caller's key is another key")

	for range 2 {
		_, err = run(t, db, idem.Key{}, do)
		require.NoError(t, err)
	}
	require.Equal(t, 4, effects, "without a key nothing is kept")

	other.Key = string(make([]byte, 201))
	_, err = run(t, db, other, do)
	require.True(t, fault.Is(err, fault.Invalid))
}

// A failed request may be sent again under its key.
func TestErrorsAreNotKept(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	key := idem.Key{Principal: "a", Key: "k"}
	boom := errors.New("boom")
	_, err := run(t, db, key, func() (answer, error) { return answer{}, boom })
	require.ErrorIs(t, err, boom)
	got, err := run(t, db, key, func() (answer, error) { return answer{No: "R2"}, nil })
	require.NoError(t, err)
	require.Equal(t, "R2", got.No)
}

func TestSameKeyAtOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	key := idem.Key{Principal: "a", Key: "k"}
	var effects atomic.Int64
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			got, err := run(t, db, key, func() (answer, error) {
				time.Sleep(50 * time.Millisecond) // the others arrive meanwhile
				return answer{Amount: effects.Add(1)}, nil
			})
			if err != nil || got.Amount != 1 {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, int64(1), effects.Load())
}

func TestForget(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	effects := 0
	do := func() (answer, error) { effects++; return answer{}, nil }
	key := idem.Key{Principal: "a", Key: "k"}
	_, err := run(t, db, key, do)
	require.NoError(t, err)
	forget := func(before time.Time) (n int64) {
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) (err error) {
			n, err = idem.Forget(ctx, tx, before)
			return err
		}))
		return n
	}
	require.Zero(t, forget(noon))
	require.Equal(t, int64(1), forget(noon.Add(time.Second)))
	_, err = run(t, db, key, do)
	require.NoError(t, err)
	require.Equal(t, 2, effects)
}
