package pg

import (
	"context"
	"log/slog"
	"time"

	"gorm.io/gorm/logger"
)

const slowQuery = 500 * time.Millisecond

// slowLog is gorm's logger. It speaks of slow statements only: errors are returned, and what is returned is not
// logged here too. Parameters never reach a log, for they hold personal data.
type slowLog struct {
	log  *slog.Logger
	slow time.Duration
}

func (l slowLog) LogMode(logger.LogLevel) logger.Interface { return l }
func (l slowLog) Info(context.Context, string, ...any)     {}
func (l slowLog) Warn(context.Context, string, ...any)     {}
func (l slowLog) Error(context.Context, string, ...any)    {}

// ParamsFilter keeps the statement's placeholders in place of its values.
func (l slowLog) ParamsFilter(_ context.Context, sql string, _ ...any) (string, []any) {
	return sql, nil
}

// Trace is called after each statement.
func (l slowLog) Trace(ctx context.Context, begin time.Time, fc func() (string, int64), _ error) {
	took := time.Since(begin)
	if took < l.slow {
		return
	}
	sql, rows := fc()
	l.log.WarnContext(ctx, "slow statement", "sql", sql, "rows", rows, "took_ms", took.Milliseconds())
}
