package audit

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/transparency-dev/merkle/compact"

	"caconsole/admin/pg"
)

// sequencerLock is the key of the advisory lock that makes the sequencer the only one; "audit" in ASCII.
const sequencerLock = 0x6175646974

type entryRow struct {
	ID        uuid.UUID
	At        time.Time
	ActorKind string
	ActorID   *uuid.UUID
	ActorName string
	SessionID *uuid.UUID
	RequestID string
	IP        string
	ProjectID *uuid.UUID
	Action    string
	Object    string
	Outcome   string
	Reason    string
	Details   string
	LeafHash  []byte
}

func (entryRow) TableName() string { return "audit_entry" }

type leafRow struct {
	Number   int64
	EntryID  uuid.UUID
	LeafHash []byte
}

func (leafRow) TableName() string { return "audit_leaf" }

type nodeRow struct {
	LastNumber int64
	Level      int
	Hash       []byte
}

func (nodeRow) TableName() string { return "audit_node" }

type checkpointRow struct {
	Number int64
	Size   int64
	Root   []byte
	At     time.Time
	Note   string
}

func (checkpointRow) TableName() string { return "audit_checkpoint" }

func insertEntry(ctx context.Context, tx pg.Tx, row entryRow) error {
	return pg.Fault(tx.Gorm().WithContext(ctx).Create(&row).Error)
}

// lockSequencer takes the sequencer's lock until the transaction ends, or reports false where another process has it.
func lockSequencer(tx pg.Tx) (bool, error) {
	var mine bool
	err := tx.Gorm().Raw("SELECT pg_try_advisory_xact_lock(?)", sequencerLock).Scan(&mine).Error
	return mine, err
}

// unsequenced lists entries without a number whose id is above from and not above upto (zero: no bound), oldest first.
// It looks for the absence of a leaf and never for "newer than the last": a transaction may commit late.
func unsequenced(q pg.Q, from, upto uuid.UUID, limit int) (rows []leafRow, err error) {
	s := q.Gorm().Table("audit_entry e").Select("e.id AS entry_id, e.leaf_hash").
		Where("e.id > ? AND NOT EXISTS (SELECT 1 FROM audit_leaf l WHERE l.entry_id = e.id)", from)
	if upto != uuid.Nil {
		s = s.Where("e.id <= ?", upto)
	}
	return rows, s.Order("e.id").Limit(limit).Find(&rows).Error
}

// windowEnd is the id of the entry `size` places after from, zero where there are fewer.
func windowEnd(q pg.Q, from uuid.UUID, size int) (uuid.UUID, error) {
	var ids []uuid.UUID
	err := q.Gorm().Model(&entryRow{}).Where("id > ?", from).Order("id").Offset(size-1).Limit(1).Pluck("id", &ids).Error
	if err != nil || len(ids) == 0 {
		return uuid.Nil, err
	}
	return ids[0], nil
}

func insertLeaves(tx pg.Tx, leaves []leafRow, nodes []nodeRow) error {
	if err := tx.Gorm().Create(&leaves).Error; err != nil {
		return err
	}
	if len(nodes) == 0 {
		return nil
	}
	return tx.Gorm().Create(&nodes).Error
}

func insertCheckpoint(tx pg.Tx, c Checkpoint) error {
	row := checkpointRow(c)
	return tx.Gorm().Create(&row).Error
}

// lastNumber is the number of the last leaf, 0 for none.
func lastNumber(q pg.Q) (n int64, err error) {
	err = q.Gorm().Raw("SELECT coalesce(max(number), 0) FROM audit_leaf").Scan(&n).Error
	return n, err
}

// lastCheckpoint is the newest checkpoint as stored, or the zero one.
func lastCheckpoint(q pg.Q) (Checkpoint, error) {
	var rows []checkpointRow
	err := q.Gorm().Order("number DESC").Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return Checkpoint{}, err
	}
	return Checkpoint(rows[0]), nil
}

// loadTree reads the right edge of the tree of n entries.
func loadTree(q pg.Q, n int64) (tree, error) {
	size := uint64(n) //nolint:gosec // a count
	ids := compact.RangeNodes(0, size, nil)
	hashes, err := loadNodes(q, ids)
	if err != nil {
		return tree{}, err
	}
	edge, err := ranges.NewRange(0, size, hashes)
	return tree{edge: edge}, err
}

// loadNodes reads the hashes of nodes of full subtrees, in the order asked for. A node that is not there comes out
// empty, and the root computed from it will not match.
func loadNodes(q pg.Q, ids []compact.NodeID) ([][]byte, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	type place struct {
		last  int64
		level int
	}
	var inner [][]any
	var leaves []int64
	for _, id := range ids {
		if id.Level == 0 {
			leaves = append(leaves, lastOf(id))
			continue
		}
		inner = append(inner, []any{lastOf(id), id.Level})
	}
	found := make(map[place][]byte, len(ids))
	if len(inner) > 0 {
		var rows []nodeRow
		if err := q.Gorm().Where("(last_number, level) IN ?", inner).Find(&rows).Error; err != nil {
			return nil, err
		}
		for _, r := range rows {
			found[place{r.LastNumber, r.Level}] = r.Hash
		}
	}
	var rows []leafRow
	if err := q.Gorm().Where("number IN ?", leaves).Find(&rows).Error; err != nil {
		return nil, err
	}
	for _, r := range rows {
		found[place{r.Number, 0}] = r.LeafHash
	}
	hashes := make([][]byte, len(ids))
	for i, id := range ids {
		hashes[i] = found[place{lastOf(id), int(id.Level)}]
	}
	return hashes, nil
}
