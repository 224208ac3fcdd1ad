package audit

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/hex"
	"fmt"

	"github.com/google/uuid"

	"caconsole/admin/pg"
)

// What verification can find wrong.
const (
	Changed    = "changed"    // an entry does not have the hash it was numbered with
	Removed    = "removed"    // a numbered entry is gone
	Missing    = "missing"    // numbers are missing, in the middle or at the end
	Reordered  = "reordered"  // a number points to another entry than the signed tree
	Unsigned   = "unsigned"   // numbers reach further than the last checkpoint
	BadTree    = "tree"       // an inner node or a root is not what the entries give
	BadSigning = "checkpoint" // a checkpoint is missing, changed, or not signed by the key
	Contradict = "contradict" // the auditor's own checkpoint and this log do not agree
)

const (
	verifyBatch  = 2000
	listProblems = 100
)

// Problem is one thing found wrong, at the entries First to Last (0 where it concerns no entry).
type Problem struct {
	Kind        string
	First, Last int64
	Checkpoint  int64 // number of the checkpoint concerned, 0 for none
}

// Report is the result of a verification.
type Report struct {
	Entries    int64      // recomputed
	Pending    int64      // committed and not yet numbered; at most 1000 are counted
	Checkpoint Checkpoint // the last one
	KeyID      string     // of the public key verified against, 8 hex digits, as in the notes
	Problems   []Problem  // in the order found, at most 100
	Found      int        // how many there were

	first Problem // the one that says most exactly where the first wrong entry is
}

// OK reports whether all holds.
func (r Report) OK() bool { return r.Found == 0 }

// FirstBad is the number of the first entry anything is wrong at, 0 where none is. Where entries and their hashes were
// exchanged together it is the first of the smallest stretch that holds the culprit: two entries, mostly.
func (r Report) FirstBad() int64 { return r.first.First }

// Verify recomputes the whole log with the ring's own key. A screen may use it; an auditor uses the function Verify
// with the key file kept outside.
func (l *Log) Verify(ctx context.Context) (Report, error) {
	return Verify(ctx, l.db.Read(ctx), &l.key.PublicKey, nil)
}

// Checkpoint returns the newest checkpoint, for the auditor to take along; the zero one before the first entry.
func (l *Log) Checkpoint(ctx context.Context) (Checkpoint, error) {
	c, err := lastCheckpoint(l.db.Read(ctx))
	return c, pg.Fault(err)
}

// Verify recomputes every hash, the tree and every checkpoint's signature from the stored entries. It needs no
// secret. known is a checkpoint the auditor took along earlier, or nil: with it, a log that was cut off or rewritten
// whole, checkpoints included, is found too. It reads up to the checkpoint that is the last one when it starts, so a
// log in use can be verified.
func Verify(ctx context.Context, q pg.Q, pub *ecdsa.PublicKey, known *Checkpoint) (Report, error) {
	last, err := lastCheckpoint(q)
	if err != nil {
		return Report{}, pg.Fault(err)
	}
	v := verifier{q: q, pub: pub, known: known, last: last, tree: emptyTree(), whole: true}
	v.report.KeyID = hex.EncodeToString(keyHash(pub))
	v.report.Checkpoint = last
	if err := v.run(ctx); err != nil {
		return Report{}, pg.Fault(err)
	}
	return v.report, nil
}

type verifier struct {
	q     pg.Q
	pub   *ecdsa.PublicKey
	known *Checkpoint
	last  Checkpoint

	tree  tree
	whole bool  // no number was missing so far, so roots can be compared
	good  int64 // size of the last checkpoint whose root was right

	checkpoints []Checkpoint // read ahead, in order
	readTo      int64        // number of the last checkpoint read
	report      Report
}

func (v *verifier) run(ctx context.Context) error {
	for next := int64(1); next <= v.last.Size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		leaves, err := storedLeaves(v.q, next-1, v.last.Size, verifyBatch)
		if err != nil {
			return err
		}
		if len(leaves) == 0 {
			v.missing(next, v.last.Size)
			break
		}
		if err := v.leaves(next, leaves); err != nil {
			return err
		}
		next = leaves[len(leaves)-1].Number + 1
	}
	if err := v.restOfCheckpoints(); err != nil {
		return err
	}
	if err := v.end(); err != nil {
		return err
	}
	pending, err := unsequenced(v.q, uuid.Nil, uuid.Nil, batchSize)
	v.report.Pending = int64(len(pending))
	return err
}

// leaves checks a batch and grows the tree by it.
func (v *verifier) leaves(next int64, leaves []storedLeaf) error {
	var nodes []nodeRow
	for _, leaf := range leaves {
		if leaf.Number > next {
			v.missing(next, leaf.Number-1)
		}
		next = leaf.Number + 1
		v.report.Entries++
		v.entry(leaf)
		if !v.whole {
			continue
		}
		added, err := v.tree.append(leaf.NumberedHash)
		if err != nil {
			return err
		}
		nodes = append(nodes, added...)
		if err := v.roots(leaf.Number); err != nil {
			return err
		}
	}
	if !v.whole {
		return nil
	}
	return v.nodes(leaves[0].Number-1, leaves[len(leaves)-1].Number, nodes)
}

// entry holds one entry against the hash it was numbered with.
func (v *verifier) entry(leaf storedLeaf) {
	if leaf.Entry.ID == uuid.Nil {
		v.found(Problem{Kind: Removed, First: leaf.Number, Last: leaf.Number})
		return
	}
	body, err := leaf.Entry.canonical()
	switch {
	case err != nil || !bytes.Equal(hasher{}.HashLeaf(body), leaf.Entry.LeafHash):
		v.found(Problem{Kind: Changed, First: leaf.Number, Last: leaf.Number})
	case !bytes.Equal(leaf.Entry.LeafHash, leaf.NumberedHash):
		v.found(Problem{Kind: Reordered, First: leaf.Number, Last: leaf.Number})
	}
}

// nodes compares the stored inner nodes of a batch with the recomputed ones: this finds the place of what the hashes
// of single entries do not show, such as two leaves that changed places together with their hashes.
func (v *verifier) nodes(after, upto int64, want []nodeRow) error {
	stored, err := storedNodes(v.q, after, upto)
	if err != nil {
		return err
	}
	type place struct {
		last  int64
		level int
	}
	have := make(map[place][]byte, len(stored))
	for _, n := range stored {
		have[place{n.LastNumber, n.Level}] = n.Hash
	}
	for _, n := range want {
		if !bytes.Equal(have[place{n.LastNumber, n.Level}], n.Hash) {
			v.found(Problem{Kind: BadTree, First: n.LastNumber - 1<<n.Level + 1, Last: n.LastNumber})
		}
	}
	return nil
}

// roots compares the tree with every checkpoint of this size, and with the auditor's own.
func (v *verifier) roots(size int64) error {
	if wanted, err := v.rootWanted(size); err != nil || !wanted {
		return err
	}
	root, err := v.tree.root()
	if err != nil {
		return err
	}
	if v.known != nil && v.known.Size == size && !bytes.Equal(root, v.known.Root) {
		v.found(Problem{Kind: Contradict, First: v.good + 1, Last: size, Checkpoint: v.known.Number})
	}
	for len(v.checkpoints) > 0 && v.checkpoints[0].Size <= size {
		c := v.checkpoints[0]
		v.checkpoints = v.checkpoints[1:]
		if c.Size == size && bytes.Equal(root, c.Root) {
			v.good = size
			continue
		}
		v.found(Problem{Kind: BadTree, First: v.good + 1, Last: size, Checkpoint: c.Number})
	}
	return nil
}

// rootWanted reports whether somebody signed the tree at this size; the root is not computed at any other.
func (v *verifier) rootWanted(size int64) (bool, error) {
	if len(v.checkpoints) == 0 && v.readTo < v.last.Number {
		if err := v.readCheckpoints(); err != nil {
			return false, err
		}
	}
	signed := len(v.checkpoints) > 0 && v.checkpoints[0].Size <= size
	return signed || (v.known != nil && v.known.Size == size), nil
}

// readCheckpoints reads a batch, checks that numbers have no gap, that each note carries the key's signature and that
// the columns repeat the note.
func (v *verifier) readCheckpoints() error {
	rows, err := storedCheckpoints(v.q, v.readTo, v.last.Number, verifyBatch)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.Number != v.readTo+1 {
			v.found(Problem{Kind: BadSigning, Checkpoint: v.readTo + 1})
		}
		v.readTo = row.Number
		c, err := ParseCheckpoint(row.Note, v.pub)
		if err != nil || c.Number != row.Number || c.Size != row.Size || !bytes.Equal(c.Root, row.Root) || !c.At.Equal(row.At) {
			v.found(Problem{Kind: BadSigning, Checkpoint: row.Number})
			continue
		}
		v.checkpoints = append(v.checkpoints, c)
	}
	return nil
}

// restOfCheckpoints checks the signatures of checkpoints the tree did not reach.
func (v *verifier) restOfCheckpoints() error {
	for {
		before := v.readTo
		if err := v.readCheckpoints(); err != nil {
			return err
		}
		if v.readTo == before {
			return nil
		}
	}
}

// end checks that numbers and checkpoints end together, and that the log has not become shorter than the auditor
// has seen it.
func (v *verifier) end() error {
	numbered, signed, err := tail(v.q)
	if err != nil {
		return err
	}
	if numbered > signed {
		v.found(Problem{Kind: Unsigned, First: signed + 1, Last: numbered})
	}
	if v.known != nil && v.known.Size > v.last.Size {
		v.found(Problem{Kind: Missing, First: v.last.Size + 1, Last: v.known.Size, Checkpoint: v.known.Number})
	}
	return nil
}

func (v *verifier) missing(first, last int64) {
	v.whole = false
	v.found(Problem{Kind: Missing, First: first, Last: last})
}

func (v *verifier) found(p Problem) {
	v.report.Found++
	if f := v.report.first; p.First > 0 && (f.First == 0 || p.Last < f.Last || (p.Last == f.Last && p.First > f.First)) {
		v.report.first = p
	}
	if len(v.report.Problems) < listProblems {
		v.report.Problems = append(v.report.Problems, p)
	}
}

// String names the problem for a log or a command's output.
func (p Problem) String() string {
	where := fmt.Sprintf("entry %d", p.First)
	switch {
	case p.First == 0:
		return fmt.Sprintf("checkpoint %d: %s", p.Checkpoint, p.Kind)
	case p.Last > p.First:
		where = fmt.Sprintf("entries %d to %d", p.First, p.Last)
	}
	return where + ": " + p.Kind
}
