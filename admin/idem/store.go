package idem

import (
	"context"
	"time"

	"caconsole/admin/pg"
)

type row struct {
	Digest []byte
	Answer []byte
}

// claim writes the key; false where it is there already. It waits for a transaction that is writing it.
func claim(ctx context.Context, tx pg.Tx, k Key, now time.Time) (bool, error) {
	done := tx.Gorm().WithContext(ctx).Exec(
		"INSERT INTO idem_key (principal, key, digest, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
		k.Principal, k.Key, k.Digest[:], now)
	return done.RowsAffected == 1, pg.Fault(done.Error)
}

func keep(ctx context.Context, tx pg.Tx, k Key, answer []byte) error {
	return pg.Fault(tx.Gorm().WithContext(ctx).Exec(
		"UPDATE idem_key SET answer = ? WHERE principal = ? AND key = ?", string(answer), k.Principal, k.Key).Error)
}

func load(ctx context.Context, tx pg.Tx, k Key) (digest [32]byte, answer []byte, err error) {
	var r row
	err = tx.Gorm().WithContext(ctx).Raw(
		"SELECT digest, answer FROM idem_key WHERE principal = ? AND key = ?", k.Principal, k.Key).Take(&r).Error
	copy(digest[:], r.Digest)
	return digest, r.Answer, pg.Fault(err)
}

func remove(ctx context.Context, tx pg.Tx, before time.Time) (int64, error) {
	done := tx.Gorm().WithContext(ctx).Exec("DELETE FROM idem_key WHERE created_at < ?", before)
	return done.RowsAffected, pg.Fault(done.Error)
}
