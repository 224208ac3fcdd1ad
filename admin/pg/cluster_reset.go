package pg

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Reset throws the program's database away and makes an empty one: for a demo whose making was cut short. Whoever is
// connected to it is cut off.
func (c *Cluster) Reset(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.DatabaseDSN("postgres", RoleSuper))
	if err != nil {
		return Fault(err)
	}
	_, err = conn.Exec(ctx, "DROP DATABASE IF EXISTS "+database+" WITH (FORCE)")
	if closed := conn.Close(ctx); err == nil {
		err = closed
	}
	if err != nil {
		return Fault(err)
	}
	return c.makeDatabase(ctx)
}
