package pg_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
)

func TestListen(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	called := make(chan struct{}, 100)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		db.Listen(ctx, "News of today", time.Hour, func(context.Context) { called <- struct{}{} })
		close(ended)
	}()
	next := func(why string) {
		t.Helper()
		select {
		case <-called:
		case <-time.After(10 * time.Second):
			t.Fatal(why)
		}
	}
	next("once at the start")
	require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx pg.Tx) error { return tx.Notify("News of today", "") }))
	next("at a notification")
	require.Error(t, db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		require.NoError(t, tx.Notify("News of today", ""))
		return context.Canceled
	}))
	require.Empty(t, called, "nothing was committed")

	require.NoError(t, db.Read(t.Context()).Gorm().Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE query LIKE 'LISTEN%' AND datname = current_database()`).Error)
	next("after the connection was lost")
	stop()
	<-ended
}

// Without a word from anybody fn is called again after the period.
func TestListenWithoutNotifications(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	ctx, stop := context.WithCancel(t.Context())
	calls := 0
	db.Listen(ctx, "quiet", 10*time.Millisecond, func(context.Context) {
		if calls++; calls == 4 {
			stop()
		}
	})
	require.Equal(t, 4, calls)
}
