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
