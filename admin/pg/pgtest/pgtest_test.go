package pgtest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/pg/pgtest"
)

// Each test has tables, and none of another test's rows.
func TestDatabasesAreApart(t *testing.T) {
	t.Parallel()
	for range 3 {
		t.Run("clone", func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			q := db.Read(t.Context()).Gorm()
			var n int64
			require.NoError(t, q.Raw("SELECT count(*) FROM throttle_bucket").Scan(&n).Error)
			require.Zero(t, n)
			require.NoError(t, q.Exec("INSERT INTO throttle_bucket VALUES ('x', 1, now(), now())").Error)
		})
	}
}
