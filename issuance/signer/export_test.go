package signer

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/issuance/cert"
)

// Syncs is how many fsyncs the journal has made since the start.
func (e *Engine) Syncs() uint64 {
	e.journal.mu.Lock()
	defer e.journal.mu.Unlock()
	return e.journal.syncs
}

// Withdraw makes n certificates worth nothing, past the journal.
func Withdraw(t testing.TB, e *Engine, n int, at time.Time) {
	t.Helper()
	for range n {
		serial, err := cert.NewSerial(rand.Reader)
		require.NoError(t, err)
		e.index.withdrawn[serial] = withdrawal{at: at, reason: cert.ReasonSuperseded, notAfter: at.AddDate(1, 0, 0)}
	}
}

// KeyOf is the open CA key.
func KeyOf(e *Engine) Key { return e.key }

// IntendsLate says whether an instruction that was checked before the last change of the registry still gets its intent.
func IntendsLate(t testing.TB, e *Engine, in cert.Instruction) bool {
	t.Helper()
	r, err := cert.ParseRequest(in.Request)
	require.NoError(t, err)
	a, err := cert.ParseAuthorisation(in.Authorisation)
	require.NoError(t, err)
	j := job{Instruction: in, request: r, authorisation: a, digest: r.Digest()}
	_, seen, err := e.prepare(&j)
	require.NoError(t, err)
	seen.changes--
	k, err := e.intend(j, seen)
	require.NoError(t, err)
	return k != nil
}

// ListBefore pretends that a serial stood on the last revocation list.
func ListBefore(e *Engine, serial cert.Serial) { e.lists.serials = append(e.lists.serials, serial) }

// Hashed gives a record the hash of its bytes, and its line.
func Hashed(t testing.TB, r Record) (line []byte, hash string) {
	t.Helper()
	r.Hash = ""
	raw, err := plainJSON(r)
	require.NoError(t, err)
	raw = raw[:len(raw)-len(hashMark)-len(`"}`)]
	hash = cert.SM3(raw).Hex()
	return append(raw, hashMark+hash+"\"}\n"...), hash
}
