package pg_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
)

// bench makes a database with one table to write in.
func bench(t *testing.T) *pg.DB {
	t.Helper()
	app, owner, read := pgtest.NewDSN(t)
	conn, err := pgx.Connect(t.Context(), owner)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `CREATE TABLE thing (id int PRIMARY KEY, n int NOT NULL DEFAULT 0, at timestamptz,
		CONSTRAINT thing_n CHECK (n >= 0)); GRANT ALL ON thing TO caconsole_app; GRANT SELECT ON thing TO caconsole_read`)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	db, err := pg.Open(t.Context(), pg.Options{DSN: app, ReadDSN: read})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	return db
}

func ids(t *testing.T, db *pg.DB) []int {
	t.Helper()
	var out []int
	require.NoError(t, db.Read(t.Context()).Gorm().Raw("SELECT id FROM thing ORDER BY id").Scan(&out).Error)
	return out
}

func insert(tx pg.Tx, id int) error {
	return tx.Gorm().Exec("INSERT INTO thing (id) VALUES (?)", id).Error
}

func pgxInsert(ctx context.Context, tx pg.Tx, id int) error {
	return tx.Pgx(func(p pgx.Tx) error {
		_, err := p.Exec(ctx, "INSERT INTO thing (id) VALUES ($1)", id)
		return err
	})
}

// What gorm and pgx write in one transaction stays or goes together.
func TestGormAndPgxShareATransaction(t *testing.T) {
	t.Parallel()
	db := bench(t)
	boom := errors.New("boom")
	err := db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		require.NoError(t, insert(tx, 1))
		require.NoError(t, pgxInsert(ctx, tx, 2))
		return boom
	})
	require.ErrorIs(t, err, boom)
	require.Empty(t, ids(t, db))

	require.PanicsWithValue(t, "boom", func() {
		_ = db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
			require.NoError(t, insert(tx, 1))
			require.NoError(t, pgxInsert(ctx, tx, 2))
			panic("boom")
		})
	})
	require.Empty(t, ids(t, db))

	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		require.NoError(t, insert(tx, 1))
		require.NoError(t, pgxInsert(ctx, tx, 2))
		return tx.Pgx(func(p pgx.Tx) error {
			require.Error(t, p.Commit(ctx), "InTx alone ends the transaction")
			require.Error(t, p.Rollback(ctx))
			_, err := p.Begin(ctx)
			require.Error(t, err)
			return nil
		})
	}))
	require.Equal(t, []int{1, 2}, ids(t, db))
}

func TestSavepointUndoesItsPartOnly(t *testing.T) {
	t.Parallel()
	db := bench(t)
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		require.NoError(t, insert(tx, 1))
		err := tx.Savepoint(func(tx pg.Tx) error {
			require.NoError(t, pgxInsert(ctx, tx, 2))
			return insert(tx, 1) // taken
		})
		require.True(t, pg.Violates(err, "thing_pkey"), "%v", err)
		require.NoError(t, tx.Savepoint(func(tx pg.Tx) error { return insert(tx, 3) }))
		return insert(tx, 4)
	}))
	require.Equal(t, []int{1, 3, 4}, ids(t, db))
}

// Two serializable transactions that read what the other writes: one is run again, and nothing is lost.
func TestConflictsAreRunAgain(t *testing.T) {
	t.Parallel()
	db := bench(t)
	require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx pg.Tx) error { return insert(tx, 1) }))
	var runs atomic.Int64
	var wg sync.WaitGroup
	for range 2 {
		var met sync.Once
		wg.Go(func() {
			err := db.InTxOptions(t.Context(), sql.TxOptions{Isolation: sql.LevelSerializable}, func(ctx context.Context, tx pg.Tx) error {
				runs.Add(1)
				var n int
				require.NoError(t, tx.Gorm().Raw("SELECT n FROM thing WHERE id = 1").Scan(&n).Error)
				met.Do(func() { // both have read before either writes
					for runs.Load() < 2 {
						time.Sleep(time.Millisecond)
					}
				})
				return tx.Gorm().Exec("UPDATE thing SET n = ? WHERE id = 1", n+1).Error
			})
			require.NoError(t, err)
		})
	}
	wg.Wait()
	require.GreaterOrEqual(t, runs.Load(), int64(3))
	var n int
	require.NoError(t, db.Read(t.Context()).Gorm().Raw("SELECT n FROM thing").Scan(&n).Error)
	require.Equal(t, 2, n)
}

// A conflict that never ends is given up after four runs, also where a store has already made a fault of it.
func TestConflictsEndAsBusy(t *testing.T) {
	t.Parallel()
	db := bench(t)
	runs := 0
	err := db.InTx(t.Context(), func(_ context.Context, tx pg.Tx) error {
		runs++
		return pg.Fault(tx.Gorm().Exec("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$").Error)
	})
	require.Equal(t, 4, runs)
	require.True(t, fault.HasKey(err, "database_busy"))
	require.Positive(t, fault.Of(err).RetryAfter)
}

func TestNoSecondConnectionInsideATransaction(t *testing.T) {
	t.Parallel()
	db := bench(t)
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, _ pg.Tx) error {
		require.Error(t, db.InTx(ctx, func(context.Context, pg.Tx) error { return nil }))
		require.Error(t, db.Read(ctx).Gorm().Exec("SELECT 1").Error)
		require.Error(t, db.ReadOnly(ctx).Gorm().Exec("SELECT 1").Error)
		return nil
	}))
}

// A cancelled transaction leaves nothing, and the pool serves on.
func TestCancelledTransactions(t *testing.T) {
	t.Parallel()
	db := bench(t)
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%20)*time.Millisecond)
			defer cancel()
			err := db.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
				if err := insert(tx, i); err != nil {
					return err
				}
				if err := pgxInsert(ctx, tx, 1000+i); err != nil {
					return err
				}
				<-ctx.Done()
				return ctx.Err()
			})
			require.Error(t, err)
		})
	}
	wg.Wait()
	require.Empty(t, ids(t, db))
}

// A waiting statement is ended by the role's own settings, so that nothing hangs for long.
func TestRolesHaveTimeouts(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for setting, want := range map[string]string{
		"statement_timeout": "5s", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "10s",
	} {
		var app, read string
		require.NoError(t, db.Read(t.Context()).Gorm().Raw("SHOW "+setting).Scan(&app).Error)
		require.NoError(t, db.ReadOnly(t.Context()).Gorm().Raw("SHOW "+setting).Scan(&read).Error)
		require.Equal(t, []string{want, want}, []string{app, read}, setting)
	}
}

// The boards' reader sees business tables and cannot write, whichever way it came to its role.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	app, _, read := pgtest.NewDSN(t)
	for _, dsn := range []string{"", read} {
		db, err := pg.Open(t.Context(), pg.Options{DSN: app, ReadDSN: dsn})
		require.NoError(t, err)
		q := db.ReadOnly(t.Context()).Gorm()
		var who string
		require.NoError(t, q.Raw("SELECT current_user").Scan(&who).Error)
		require.Equal(t, pg.RoleRead, who)
		require.ErrorContains(t, q.Exec("CREATE TABLE x ()").Error, "read-only transaction")
		require.ErrorContains(t, q.Exec("SELECT * FROM idem_key").Error, "permission denied")
		db.Close()
	}
}

func TestTimesComeBackInUTC(t *testing.T) {
	t.Parallel()
	db := bench(t)
	at := time.Date(2026, 11, 22, 23, 59, 59, 0, time.FixedZone("Beijing", 8*3600))
	require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx pg.Tx) error {
		return tx.Gorm().Exec("INSERT INTO thing (id, at) VALUES (1, ?)", at).Error
	}))
	var got time.Time
	require.NoError(t, db.Read(t.Context()).Gorm().Raw("SELECT at FROM thing").Row().Scan(&got))
	require.Equal(t, at.UTC(), got)
}
