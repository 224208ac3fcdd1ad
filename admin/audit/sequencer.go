package audit

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/pg"
)

const (
	batchSize = 1000
	// recent is how far back every pass looks. An entry's id holds the time it was made; a transaction that commits
	// later than this, or a machine whose clock is further off, is found by the slow sweep instead.
	recent = 15 * time.Minute
	// The slow sweep looks at every entry ever written, a window a pass, then rests.
	windowSize = 20_000
	sweepRest  = time.Hour
)

// ErrTampered tells that the stored tree is not the one the last checkpoint signed. The sequencer numbers nothing
// more on top of it, so that what was changed stays provable.
var ErrTampered = errors.New("audit: the log is not the one last signed; run audit verify")

// errElsewhere tells that another process is sequencing at this moment.
var errElsewhere = errors.New("audit: another sequencer is at work")

// Sequencer numbers committed entries and signs checkpoints. Many processes may run one; an advisory lock lets one
// work at a time. It is for one goroutine.
type Sequencer struct {
	Log    *Log
	Every  time.Duration // between passes, at most a second; 0 means half a second
	Logger *slog.Logger

	sweepFrom uuid.UUID // where the slow sweep goes on
	sweepAt   time.Time // when it starts again, once it has been through
}

// Run works until the context ends. What fails is logged and tried again at the next pass.
func (s *Sequencer) Run(ctx context.Context) {
	every := s.Every
	if every <= 0 {
		every = time.Second / 2
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if _, err := s.Pass(ctx); err != nil && ctx.Err() == nil {
			s.Logger.ErrorContext(ctx, "audit sequencer failed", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Pass numbers what has no number yet and returns how many entries that were; none where another process is at it.
// Error: ErrTampered.
func (s *Sequencer) Pass(ctx context.Context) (int, error) {
	now := s.Log.now()
	n, err := s.Log.sequenceAll(ctx, idFloor(now.Add(-recent)), uuid.Nil)
	if err == nil {
		var late int
		late, err = s.sweep(ctx, now)
		n += late
	}
	if errors.Is(err, errElsewhere) {
		return n, nil
	}
	return n, err
}

// sweep takes the next window of the slow sweep.
func (s *Sequencer) sweep(ctx context.Context, now time.Time) (int, error) {
	if now.Before(s.sweepAt) {
		return 0, nil
	}
	end, err := windowEnd(s.Log.db.Read(ctx), s.sweepFrom, windowSize)
	if err != nil {
		return 0, pg.Fault(err)
	}
	n, err := s.Log.sequenceAll(ctx, s.sweepFrom, end)
	if err != nil {
		return n, err
	}
	if s.sweepFrom = end; end == uuid.Nil {
		s.sweepAt = now.Add(sweepRest)
	}
	return n, nil
}

// sequenceAll works through a stretch of ids in batches, each in its own transaction and with its own checkpoint.
func (l *Log) sequenceAll(ctx context.Context, from, upto uuid.UUID) (total int, err error) {
	for {
		var n int
		err := l.db.InTx(ctx, func(_ context.Context, tx pg.Tx) error {
			var err error
			n, err = l.sequence(tx, from, upto)
			return err
		})
		total += n
		if err != nil || n < batchSize {
			return total, err
		}
	}
}

// sequence numbers one batch. The lock is held until the commit, so the next holder sees this one's leaves.
func (l *Log) sequence(tx pg.Tx, from, upto uuid.UUID) (int, error) {
	switch mine, err := lockSequencer(tx); {
	case err != nil:
		return 0, err
	case !mine:
		return 0, errElsewhere
	}
	leaves, err := unsequenced(tx, from, upto, batchSize)
	if err != nil || len(leaves) == 0 {
		return 0, err
	}
	t, last, err := signedTree(tx)
	if err != nil {
		return 0, err
	}
	var nodes []nodeRow
	for i := range leaves {
		added, err := t.append(leaves[i].LeafHash)
		if err != nil {
			return 0, fmt.Errorf("audit: extend the tree: %w", err)
		}
		leaves[i].Number = t.size()
		nodes = append(nodes, added...)
	}
	if err := insertLeaves(tx, leaves, nodes); err != nil {
		return 0, err
	}
	c, err := l.checkpoint(t, last.Number+1)
	if err != nil {
		return 0, err
	}
	return len(leaves), insertCheckpoint(tx, c)
}

// signedTree loads the tree and holds it against the last checkpoint, which costs one read of its right edge.
func signedTree(tx pg.Tx) (tree, Checkpoint, error) {
	last, err := lastCheckpoint(tx)
	if err != nil {
		return tree{}, Checkpoint{}, err
	}
	n, err := lastNumber(tx)
	if err != nil {
		return tree{}, Checkpoint{}, err
	}
	if n != last.Size {
		return tree{}, Checkpoint{}, ErrTampered
	}
	t, err := loadTree(tx, n)
	if err != nil {
		return tree{}, Checkpoint{}, err
	}
	root, err := t.root()
	if err != nil {
		return tree{}, Checkpoint{}, fmt.Errorf("audit: root of %d entries: %w", n, err)
	}
	if n > 0 && !bytes.Equal(root, last.Root) {
		return tree{}, Checkpoint{}, ErrTampered
	}
	return t, last, nil
}

func (l *Log) checkpoint(t tree, number int64) (Checkpoint, error) {
	root, err := t.root()
	if err != nil {
		return Checkpoint{}, fmt.Errorf("audit: root: %w", err)
	}
	c := Checkpoint{Number: number, Size: t.size(), Root: root, At: l.now().UTC().Truncate(time.Second)}
	return c.sign(l.key)
}

// idFloor is the smallest UUIDv7 made at a time.
func idFloor(at time.Time) (id uuid.UUID) {
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(max(0, at.UnixMilli())))
	copy(id[:6], ms[2:])
	return id
}
