// Package boardtest fills a database with as many orders as a measurement wants.
package boardtest

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed seed.psql
var seed string

// Seed fills a fresh migrated database with a year of orders that ends at now: most are done, 8,000 (or a quarter) are
// open over all stages; certificates, verdicts, requests, money, invoices and messages are in proportion. It does not
// fill what no list reads: events, papers but vouchers, identity tries, signatures. Everything follows from the
// arguments, nothing is random. ownerDSN is the owner role's. Errors are PostgreSQL's own.
func Seed(ctx context.Context, ownerDSN string, orders int, now time.Time) error {
	conn, err := pgx.Connect(ctx, ownerDSN)
	if err != nil {
		return fmt.Errorf("boardtest: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	const session = "SET maintenance_work_mem = '256MB'; SET work_mem = '64MB'; SET bench.orders = '%d'; SET bench.now = '%s'"
	if _, err := conn.Exec(ctx, fmt.Sprintf(session, orders, now.UTC().Format(time.RFC3339))); err != nil {
		return fmt.Errorf("boardtest: %w", err)
	}
	// Without arguments the text runs as one implicit transaction.
	if _, err := conn.Exec(ctx, seed); err != nil {
		return fmt.Errorf("boardtest: %w", err)
	}
	// Statistics, and the visibility map that index-only scans live on, as autovacuum leaves them.
	if _, err := conn.Exec(ctx, "VACUUM (ANALYZE)"); err != nil {
		return fmt.Errorf("boardtest: %w", err)
	}
	return nil
}
