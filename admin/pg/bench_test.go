package pg_test

import (
	"context"
	"testing"

	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
)

// What a transaction costs beside its statements.
func BenchmarkInTx(b *testing.B) {
	db := pgtest.New(b)
	for b.Loop() {
		err := db.InTx(b.Context(), func(_ context.Context, tx pg.Tx) error { return tx.Gorm().Exec("SELECT 1").Error })
		if err != nil {
			b.Fatal(err)
		}
	}
}

// What a database of its own costs a test.
func BenchmarkClone(b *testing.B) {
	pgtest.New(b) // the cluster and its template
	for b.Loop() {
		pgtest.NewDSN(b)
	}
}
