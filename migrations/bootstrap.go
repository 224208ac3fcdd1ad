package migrations

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"

	"caconsole/admin/pg"
)

//go:embed bootstrap.psql
var bootstrapSQL string

// Bootstrap makes the three roles, their settings and memberships, and gives the database that the address names to
// the owner role. It needs a superuser, or a role that may create roles and owns the database, and may be run again at
// any time. The roles have no password: on a server that asks for one, its administrator sets it.
func Bootstrap(ctx context.Context, superDSN string) error {
	conn, err := pgx.Connect(ctx, superDSN)
	if err != nil {
		return fmt.Errorf("migrations: bootstrap: %w", pg.Fault(err))
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	// Without arguments the text runs as one implicit transaction.
	if _, err := conn.Exec(ctx, bootstrapSQL); err != nil {
		return fmt.Errorf("migrations: bootstrap: %w", err)
	}
	return nil
}
