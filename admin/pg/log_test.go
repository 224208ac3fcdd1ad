package pg_test

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
)

// A slow statement is logged without its values, and a failed one not at all: its error is returned.
func TestLogHoldsNoValues(t *testing.T) {
	t.Parallel()
	app, _, read := pgtest.NewDSN(t)
	var log bytes.Buffer
	db, err := pg.Open(t.Context(), pg.Options{DSN: app, ReadDSN: read, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	defer db.Close()
	q := db.Read(t.Context()).Gorm()
	require.Error(t, q.Exec("SELECT 1/0 WHERE ? <> ''", "13800138000").Error)
	require.Empty(t, log.String())
	require.NoError(t, q.Exec("SELECT pg_sleep(0.51) WHERE ? <> ''", "13800138000").Error)
	require.Contains(t, log.String(), "pg_sleep(0.51)")
	require.NotContains(t, log.String(), "13800138000")
}
