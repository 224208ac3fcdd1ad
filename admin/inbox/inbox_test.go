package inbox_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/inbox"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/seal"
)

var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

func setup(t *testing.T) (*pg.DB, *inbox.Inbox) {
	t.Helper()
	keys, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(keys)
	require.NoError(t, err)
	db := pgtest.New(t)
	return db, inbox.New(db, ring, func() time.Time { return noon })
}

func inTx(t *testing.T, db *pg.DB, fn func(ctx context.Context, tx pg.Tx) error) error {
	t.Helper()
	return db.InTx(t.Context(), fn)
}

func TestStoreKeepsWhatCame(t *testing.T) {
	t.Parallel()
	db, in := setup(t)
	for name, body := range map[string][]byte{"json": []byte(`{"name":"张伟"}`), "not text": {0, 255, 0}} {
		id, err := in.Store(t.Context(), "identity/tencent", map[string]string{"X-Sign": "abc"}, body)
		require.NoError(t, err, name)
		got, err := in.Get(t.Context(), db.Read(t.Context()), id)
		require.NoError(t, err)
		require.Equal(t, string(body), string(got.Body))
		require.Equal(t, inbox.Received, got.State)
		require.Equal(t, map[string]string{"X-Sign": "abc"}, got.Headers)
		require.Equal(t, noon, got.ReceivedAt)
	}
	_, err := in.Store(t.Context(), "identity/tencent", nil, nil)
	require.True(t, fault.HasKey(err, "callback_empty"))

	var clear int
	require.NoError(t, db.Read(t.Context()).Gorm().Raw(
		"SELECT count(*) FROM inbox_callback WHERE position(convert_to('张伟', 'UTF8') IN body_sealed) > 0").Scan(&clear).Error)
	require.Zero(t, clear, "bodies are sealed")
}

func TestStates(t *testing.T) {
	t.Parallel()
	db, in := setup(t)
	verify := func(id uuid.UUID) error {
		return inTx(t, db, func(ctx context.Context, tx pg.Tx) error { return in.MarkVerified(ctx, tx, id) })
	}
	reject := func(id uuid.UUID) error {
		return inTx(t, db, func(ctx context.Context, tx pg.Tx) error { return in.MarkRejected(ctx, tx, id, "wrong signature") })
	}
	done := func(id uuid.UUID) error {
		return inTx(t, db, func(ctx context.Context, tx pg.Tx) error { return in.MarkDone(ctx, tx, id) })
	}
	store := func() uuid.UUID {
		id, err := in.Store(t.Context(), "invoice/nuonuo", nil, []byte("x"))
		require.NoError(t, err)
		return id
	}
	forged, good, hanging := store(), store(), store()

	require.True(t, fault.HasKey(done(forged), "callback_settled"), "nothing unverified has an effect")
	require.NoError(t, reject(forged))
	require.NoError(t, verify(good))
	require.NoError(t, verify(good), "handled again after a crash")
	require.NoError(t, done(good))
	for _, id := range []uuid.UUID{forged, good} {
		for _, act := range []func(uuid.UUID) error{verify, reject, done} {
			require.True(t, fault.HasKey(act(id), "callback_settled"))
		}
	}
	require.True(t, fault.HasKey(verify(uuid.New()), "callback_unknown"))

	got, err := in.Get(t.Context(), db.Read(t.Context()), forged)
	require.NoError(t, err)
	require.Equal(t, "wrong signature", got.Reason)
	require.Equal(t, noon, *got.SettledAt)

	ids, err := in.Unsettled(t.Context(), db.Read(t.Context()), "invoice/nuonuo", noon.Add(time.Second), 10)
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{hanging}, ids)
	ids, err = in.Unsettled(t.Context(), db.Read(t.Context()), "invoice/nuonuo", noon, 10)
	require.NoError(t, err)
	require.Empty(t, ids)

	require.NoError(t, inTx(t, db, func(ctx context.Context, tx pg.Tx) error {
		n, err := in.Forget(ctx, tx, noon.Add(time.Second))
		require.Equal(t, int64(3), n, "the one that was never settled too: its time is over")
		return err
	}))
}
