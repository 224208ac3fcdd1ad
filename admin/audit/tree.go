package audit

import (
	"github.com/emmansun/gmsm/sm3"
	"github.com/transparency-dev/merkle"
	"github.com/transparency-dev/merkle/compact"
)

// hasher is RFC 6962 with SM3 in the place of SHA-256.
type hasher struct{}

var _ merkle.LogHasher = hasher{}

// Prefixes of RFC 6962, 2.1: a leaf can never be read as an inner node.
const (
	leafPrefix = 0
	nodePrefix = 1
)

func (hasher) EmptyRoot() []byte {
	sum := sm3.Sum(nil)
	return sum[:]
}

func (hasher) HashLeaf(leaf []byte) []byte {
	h := sm3.New()
	h.Write([]byte{leafPrefix})
	h.Write(leaf)
	return h.Sum(nil)
}

func (hasher) HashChildren(l, r []byte) []byte {
	h := sm3.New()
	h.Write([]byte{nodePrefix})
	h.Write(l)
	h.Write(r)
	return h.Sum(nil)
}

func (hasher) Size() int { return sm3.Size }

var ranges = &compact.RangeFactory{Hash: hasher{}.HashChildren}

// tree is the right edge of the Merkle tree: enough to append to it and to know its root.
type tree struct {
	edge *compact.Range
}

func emptyTree() tree { return tree{edge: ranges.NewEmptyRange(0)} }

// size is the number of entries in the tree.
func (t tree) size() int64 { return int64(t.edge.End()) } //nolint:gosec // numbers come from a bigint column

// append adds a leaf and returns the inner nodes it completes.
func (t tree) append(leaf []byte) ([]nodeRow, error) {
	var nodes []nodeRow
	err := t.edge.Append(leaf, func(id compact.NodeID, hash []byte) {
		if id.Level > 0 {
			nodes = append(nodes, nodeRow{LastNumber: lastOf(id), Level: int(id.Level), Hash: hash})
		}
	})
	return nodes, err
}

func (t tree) root() ([]byte, error) {
	if t.edge.End() == 0 {
		return hasher{}.EmptyRoot(), nil
	}
	return t.edge.GetRootHash(nil)
}

// lastOf is the number of the last entry under a node of a full subtree.
func lastOf(id compact.NodeID) int64 {
	return int64((id.Index + 1) << id.Level) //nolint:gosec // numbers come from a bigint column
}
