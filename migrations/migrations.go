// Package migrations holds the schema: numbered SQL that is frozen once released, applied in order, and the roles it
// grants to. River's own tables come from River.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"caconsole/admin/pg"
)

//go:embed [0-9]*.sql
var files embed.FS

// lockKey is the advisory lock that makes several programs starting at once migrate one after the other.
const lockKey = 0x6361636f // "caco"

// Migrate brings the schema up to date, as the owner role. Programs that start at once wait for each other. It
// returns the names of the migrations it applied.
func Migrate(ctx context.Context, ownerDSN string) ([]string, error) {
	pool, err := pgxpool.New(ctx, ownerDSN)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	defer pool.Close()
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }()

	lock, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", pg.Fault(err))
	}
	// The lock ends with its session: a killed program leaves none behind.
	defer func() { _ = lock.Conn().Close(context.WithoutCancel(ctx)); lock.Release() }()
	// However long the other one takes.
	if _, err := lock.Exec(ctx, fmt.Sprintf("SET lock_timeout = 0; SELECT pg_advisory_lock(%d)", lockKey)); err != nil {
		return nil, fmt.Errorf("migrations: waiting for another migration: %w", err)
	}

	applied, err := numbered(ctx, db)
	if err != nil {
		return applied, err
	}
	return applied, river(ctx, pool)
}

// numbered applies our own files.
func numbered(ctx context.Context, db *sql.DB) ([]string, error) {
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	results, err := provider.Up(ctx)
	var applied []string
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		results = partial.Applied
	}
	for _, r := range results {
		applied = append(applied, r.Source.Path)
	}
	if err != nil {
		return applied, fmt.Errorf("migrations: %w", err)
	}
	return applied, nil
}

// river applies River's own migrations and opens its tables to the app role.
func river(ctx context.Context, pool *pgxpool.Pool) error {
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("migrations: river: %w", err)
	}
	done, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	if err != nil {
		return fmt.Errorf("migrations: river: %w", err)
	}
	if len(done.Versions) == 0 {
		return nil
	}
	rows, err := pool.Query(ctx, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'river\\_%'")
	if err != nil {
		return fmt.Errorf("migrations: river: %w", err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("migrations: river: %w", err)
	}
	for _, t := range tables {
		grant := "GRANT SELECT, INSERT, UPDATE, DELETE ON " + pgx.Identifier{t}.Sanitize() + " TO " + pg.RoleApp
		if _, err := pool.Exec(ctx, grant); err != nil {
			return fmt.Errorf("migrations: river: %w", err)
		}
	}
	return nil
}
