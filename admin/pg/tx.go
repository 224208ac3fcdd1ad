package pg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
)

const (
	txRetries    = 3
	retryBackoff = 15 * time.Millisecond // times the attempt, plus as much at random
)

// Tx is a transaction in progress, bound to one connection that gorm and pgx share. It is good only inside the
// function it was handed to, and for one goroutine.
type Tx struct {
	gorm *gorm.DB
	conn *sql.Conn
}

type txKey struct{}

var errNested = errors.New("pg: InTx inside InTx; pass the Tx, or use Tx.Savepoint")

// InTx runs fn in a READ COMMITTED transaction and commits if it returns nil. Serialization failures and deadlocks
// are run again up to three times, so fn touches nothing but the database. Errors come back through Fault.
func (d *DB) InTx(ctx context.Context, fn func(ctx context.Context, tx Tx) error) error {
	return d.InTxOptions(ctx, sql.TxOptions{}, fn)
}

// InTxOptions is InTx with another isolation level, or read-only.
func (d *DB) InTxOptions(ctx context.Context, opt sql.TxOptions, fn func(ctx context.Context, tx Tx) error) error {
	if ctx.Value(txKey{}) != nil {
		return errNested
	}
	for attempt := 1; ; attempt++ {
		err := d.once(ctx, &opt, fn)
		if attempt > txRetries || !retryable(err) {
			return Fault(err)
		}
		if pause(ctx, attempt) != nil {
			return Fault(err)
		}
	}
}

func (d *DB) once(ctx context.Context, opt *sql.TxOptions, fn func(context.Context, Tx) error) error {
	conn, err := d.conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // gives the connection back; the pool drops it if it is broken
	ctx = context.WithValue(ctx, txKey{}, true)
	g := d.app.gorm.Session(&gorm.Session{NewDB: true, Context: ctx})
	g.Statement.ConnPool = conn
	return g.Transaction(func(g *gorm.DB) error { return fn(ctx, Tx{gorm: g, conn: conn}) }, opt)
}

func (d *DB) conn(ctx context.Context) (*sql.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, acquireTimeout)
	defer cancel()
	return d.app.sql.Conn(ctx)
}

func pause(ctx context.Context, attempt int) error {
	base := time.Duration(attempt) * retryBackoff
	return sleep(ctx, base+rand.N(base)) //nolint:gosec // spreads retries, protects nothing
}

// Gorm returns a fresh gorm session of the transaction.
func (t Tx) Gorm() *gorm.DB { return t.gorm.Session(&gorm.Session{NewDB: true}) }

// Savepoint runs fn so that an error undoes only what fn did; the error is returned and the transaction goes on.
func (t Tx) Savepoint(fn func(tx Tx) error) error {
	return t.gorm.Transaction(func(g *gorm.DB) error { return fn(Tx{gorm: g, conn: t.conn}) })
}

// Pgx lends the transaction's own connection as a pgx.Tx, for River. Everything of pgx belongs inside fn:
// database/sql holds its lock meanwhile, so fn must not touch gorm, and must close its rows.
func (t Tx) Pgx(fn func(pgx.Tx) error) error {
	return t.conn.Raw(func(c any) error {
		sc, ok := c.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("pg: unexpected driver connection %T", c)
		}
		pc := sc.Conn()
		if pc.PgConn().TxStatus() != 'T' {
			return errors.New("pg: no transaction in progress on this connection")
		}
		return fn(joinTx{pc})
	})
}

// Notify sends a notification to every listener of a channel, at commit.
func (t Tx) Notify(channel, payload string) error {
	return t.gorm.Exec("SELECT pg_notify(?, ?)", channel, payload).Error
}
