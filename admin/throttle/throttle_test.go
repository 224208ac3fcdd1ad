package throttle_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/throttle"
)

var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

func TestTake(t *testing.T) {
	t.Parallel()
	now := noon
	th := throttle.New(pgtest.New(t), func() time.Time { return now })
	take := func() error { return th.Take(t.Context(), "code:13800138000", 3, time.Minute) }
	for range 3 {
		require.NoError(t, take())
	}
	err := take()
	require.True(t, fault.Is(err, fault.Limited))
	require.True(t, fault.HasKey(err, "too_many_attempts"))
	require.Equal(t, 20*time.Second, fault.Of(err).RetryAfter)
	require.NoError(t, th.Take(t.Context(), "code:13900139000", 3, time.Minute), "another bucket")

	now = now.Add(15 * time.Second)
	require.Equal(t, 5*time.Second, fault.Of(take()).RetryAfter)
	now = now.Add(-time.Hour) // another machine's clock
	require.Error(t, take())
	now = noon.Add(20 * time.Second)
	require.NoError(t, take(), "one token has come")
	require.Error(t, take())
	now = now.Add(time.Hour)
	for range 3 {
		require.NoError(t, take(), "no more than the limit gathers")
	}
	require.Error(t, take())
	require.NoError(t, th.Reset(t.Context(), "code:13800138000"))
	require.NoError(t, take())
}

// Many processes at once get the limit and not one more.
func TestTakeAtOnce(t *testing.T) {
	t.Parallel()
	th := throttle.New(pgtest.New(t), func() time.Time { return noon })
	var taken, refused atomic.Int64
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			switch err := th.Take(t.Context(), "login:a", 7, time.Minute); {
			case err == nil:
				taken.Add(1)
			case fault.Is(err, fault.Limited):
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	require.Equal(t, []int64{7, 23}, []int64{taken.Load(), refused.Load()})
}

func TestForget(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	now := noon
	th := throttle.New(db, func() time.Time { return now })
	require.NoError(t, th.Take(t.Context(), "login:somebody", 2, time.Minute))
	require.NoError(t, th.Take(t.Context(), "login:somebody", 2, time.Minute))
	forget := func() int64 {
		n, err := th.Forget(context.Background())
		require.NoError(t, err)
		return n
	}
	now = noon.Add(59 * time.Second)
	require.Zero(t, forget())
	var names []string
	require.NoError(t, db.Read(t.Context()).Gorm().Raw("SELECT bucket FROM throttle_bucket").Scan(&names).Error)
	require.Len(t, names, 1)
	require.Regexp(t, `^login:[0-9a-f]{32}$`, names[0], "whom it is about stays out of the table")
	now = noon.Add(time.Minute)
	require.Equal(t, int64(1), forget())
}
