package throttle

import (
	"context"
	"time"

	"caconsole/admin/pg"
)

// An attempt, typed for the server, and what bucket b holds by then. Clocks of two machines differ: time never runs
// backwards here.
const (
	attempt = `WITH a AS (SELECT CAST(@bucket AS text) AS bucket, CAST(@limit AS double precision) AS most,
		CAST(@rate AS double precision) AS rate, CAST(@now AS timestamptz) AS at) `
	refilled = `(SELECT LEAST(a.most, b.tokens + a.rate * GREATEST(0, CAST(EXTRACT(EPOCH FROM a.at - b.touched_at) AS double precision))) FROM a)`
)

// takeSQL changes a row exactly if there was a token to take.
const takeSQL = attempt + `
	INSERT INTO throttle_bucket AS b (bucket, tokens, touched_at, full_at)
	SELECT bucket, most - 1, at, at + make_interval(secs => 1 / rate) FROM a
	ON CONFLICT (bucket) DO UPDATE SET
		tokens = ` + refilled + ` - 1,
		touched_at = GREATEST(b.touched_at, EXCLUDED.touched_at),
		full_at = (SELECT at + make_interval(secs => (most - ` + refilled + ` + 1) / rate) FROM a)
	WHERE ` + refilled + ` >= 1`

// take takes a token, or returns what is missing to one.
func take(ctx context.Context, tx pg.Tx, bucket string, limit, rate float64, now time.Time) (missing float64, err error) {
	args := map[string]any{"bucket": bucket, "limit": limit, "rate": rate, "now": now}
	done := tx.Gorm().WithContext(ctx).Exec(takeSQL, args)
	if done.Error != nil || done.RowsAffected == 1 {
		return 0, pg.Fault(done.Error)
	}
	// The conflict has locked the row: it is as the condition saw it.
	err = tx.Gorm().WithContext(ctx).Raw(attempt+"SELECT 1 - "+refilled+" FROM throttle_bucket b WHERE b.bucket = (SELECT bucket FROM a)", args).
		Row().Scan(&missing)
	return missing, pg.Fault(err)
}

func drop(ctx context.Context, tx pg.Tx, bucket string) error {
	return pg.Fault(tx.Gorm().WithContext(ctx).Exec("DELETE FROM throttle_bucket WHERE bucket = ?", bucket).Error)
}

func dropFull(ctx context.Context, tx pg.Tx, now time.Time) (int64, error) {
	done := tx.Gorm().WithContext(ctx).Exec("DELETE FROM throttle_bucket WHERE full_at <= ?", now)
	return done.RowsAffected, pg.Fault(done.Error)
}
