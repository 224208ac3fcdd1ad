package migrations_test

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"caconsole/admin/pg/pgtest"
)

var update = flag.Bool("update", false, "write schema.golden.sql")

//go:embed schema.psql
var schemaSQL string

// The schema that all migrations leave behind, with its grants, as one readable file: a review sees what a migration
// changes. River's tables and goose's are theirs.
func TestSchemaIsAsWrittenDown(t *testing.T) {
	t.Parallel()
	_, owner, _ := pgtest.NewDSN(t)
	got, err := describe(t.Context(), connect(t, owner))
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile("schema.golden.sql", []byte(got), 0o644))
	}
	want, err := os.ReadFile("schema.golden.sql")
	require.NoError(t, err)
	require.Equal(t, string(want), got, "if this is what was meant: go test ./migrations -update")
}

// describe asks the catalogue itself, for the same words from every version of PostgreSQL.
func describe(ctx context.Context, conn *pgx.Conn) (string, error) {
	rows, err := conn.Query(ctx, schemaSQL)
	if err != nil {
		return "", err
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", err
	}
	const head = "-- What the migrations make. Written by a test (go test ./migrations -update), read by people.\n"
	return fmt.Sprint(head, strings.Join(lines, "\n"), "\n"), nil
}
