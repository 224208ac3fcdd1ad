package pg

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

const reconnectPause = time.Second

// Listen calls fn whenever something was notified on a channel, and after every period in which nothing was, until ctx
// ends. It has a connection of its own; when that is lost it connects again, and calls fn, for notifications may have
// been missed meanwhile. fn is called from one goroutine.
func (d *DB) Listen(ctx context.Context, channel string, period time.Duration, fn func(ctx context.Context)) {
	for ctx.Err() == nil {
		err := d.listen(ctx, channel, period, fn)
		if ctx.Err() != nil {
			return
		}
		d.log.WarnContext(ctx, "connection for notifications lost", "channel", channel, "error", err)
		if sleep(ctx, reconnectPause) != nil {
			return
		}
	}
}

func (d *DB) listen(ctx context.Context, channel string, period time.Duration, fn func(ctx context.Context)) error {
	conn, err := pgx.ConnectConfig(ctx, d.app.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing)
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return err
	}
	for {
		fn(ctx)
		if err := wait(ctx, conn, period); err != nil {
			return err
		}
	}
}

// wait returns nil after a notification and after a period without.
func wait(ctx context.Context, conn *pgx.Conn, period time.Duration) error {
	waiting, cancel := context.WithTimeout(ctx, period)
	defer cancel()
	_, err := conn.WaitForNotification(waiting)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return conn.Ping(ctx) // a silent connection may be a dead one
	}
	return err
}
