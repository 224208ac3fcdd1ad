package pg

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// joinTx is a pgx.Tx over a transaction that database/sql began and will end.
type joinTx struct{ c *pgx.Conn }

var errJoined = errors.New("pg: the transaction is begun and ended by InTx")

func (j joinTx) Begin(context.Context) (pgx.Tx, error) { return nil, errJoined }
func (j joinTx) Commit(context.Context) error          { return errJoined }
func (j joinTx) Rollback(context.Context) error        { return errJoined }
func (j joinTx) Conn() *pgx.Conn                       { return j.c }

// LargeObjects returns the zero value: nothing in this module keeps large objects in the database.
func (j joinTx) LargeObjects() pgx.LargeObjects { return pgx.LargeObjects{} }

func (j joinTx) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	return j.c.Prepare(ctx, name, sql)
}

func (j joinTx) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, src pgx.CopyFromSource) (int64, error) {
	return j.c.CopyFrom(ctx, table, columns, src)
}

func (j joinTx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return j.c.SendBatch(ctx, b)
}

func (j joinTx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return j.c.Exec(ctx, sql, args...)
}

func (j joinTx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return j.c.Query(ctx, sql, args...)
}

func (j joinTx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return j.c.QueryRow(ctx, sql, args...)
}
