package job

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"caconsole/admin/pg"
)

// leadership holds one advisory lock for each sweep this process leads, all on a connection of its own: they end with
// it, however the process ends.
type leadership struct {
	config *pgx.ConnConfig
	mu     sync.Mutex
	conn   *pgx.Conn
	held   map[string]bool
}

func leadershipOn(db *pg.DB) leadership { return leadership{config: db.Pool().Config().ConnConfig} }

// of reports whether this process leads a sweep, trying to if nobody does.
func (l *leadership) of(ctx context.Context, name string) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		conn, err := pgx.ConnectConfig(ctx, l.config)
		if err != nil {
			return false, pg.Fault(err)
		}
		l.conn, l.held = conn, map[string]bool{}
	}
	var ok bool
	err := l.conn.QueryRow(ctx, "SELECT $1 OR pg_try_advisory_lock(hashtextextended($2, 0))", l.held[name], "caconsole/sweep/"+name).Scan(&ok)
	if err != nil {
		l.drop(ctx)
		return false, pg.Fault(err)
	}
	l.held[name] = ok
	return ok, nil
}

func (l *leadership) resign() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		l.drop(context.Background())
	}
}

func (l *leadership) drop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = l.conn.Close(ctx) // the locks end with it either way
	l.conn, l.held = nil, nil
}
