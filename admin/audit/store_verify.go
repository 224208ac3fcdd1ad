package audit

import (
	"github.com/google/uuid"

	"caconsole/admin/pg"
)

// storedLeaf is a leaf with its entry; the entry's ID is zero where the entry is gone.
type storedLeaf struct {
	Number       int64
	NumberedID   uuid.UUID
	NumberedHash []byte
	Entry        entryRow `gorm:"embedded"`
}

// storedLeaves lists up to limit leaves after a number and up to another.
func storedLeaves(q pg.Q, after, upto int64, limit int) (rows []storedLeaf, err error) {
	err = q.Gorm().Table("audit_leaf l").
		Select("l.number, l.entry_id AS numbered_id, l.leaf_hash AS numbered_hash, e.*").
		Joins("LEFT JOIN audit_entry e ON e.id = l.entry_id").
		Where("l.number > ? AND l.number <= ?", after, upto).Order("l.number").Limit(limit).Find(&rows).Error
	return rows, err
}

// storedNodes lists the inner nodes that the entries after one number and up to another completed.
func storedNodes(q pg.Q, after, upto int64) (rows []nodeRow, err error) {
	err = q.Gorm().Where("last_number > ? AND last_number <= ?", after, upto).
		Order("last_number, level").Find(&rows).Error
	return rows, err
}

// storedCheckpoints lists up to limit checkpoints after a number.
func storedCheckpoints(q pg.Q, after, upto int64, limit int) (rows []checkpointRow, err error) {
	err = q.Gorm().Where("number > ? AND number <= ?", after, upto).Order("number").Limit(limit).Find(&rows).Error
	return rows, err
}

// tail reads, in one statement, how far the numbers reach and how far the checkpoints do.
func tail(q pg.Q) (numbered, signed int64, err error) {
	var t struct{ Numbered, Signed int64 }
	err = q.Gorm().Raw(`SELECT (SELECT coalesce(max(number), 0) FROM audit_leaf) AS numbered,
		(SELECT coalesce(max(size), 0) FROM audit_checkpoint) AS signed`).Scan(&t).Error
	return t.Numbered, t.Signed, err
}
