package signer

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
)

func emptyJournal(t *testing.T) (*journal, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	j, err := createJournal(path, time.Now)
	require.NoError(t, err)
	t.Cleanup(func() { _ = j.close() })
	return j, path
}

// While one group is on its way to the disk, all that is appended meanwhile shares the next fsync.
func TestConcurrentRecordsShareAnFsync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, path := emptyJournal(t)
		gate := make(chan struct{})
		j.fsync = func() error { <-gate; return nil }
		var all sync.WaitGroup
		all.Go(func() { _, err := j.note(kindInit, 0); require.NoError(t, err) })
		synctest.Wait() // the first one stands at the gate
		for i := range 50 {
			all.Go(func() { _, err := j.note(kindRefused, i); require.NoError(t, err) })
		}
		synctest.Wait()
		head, err := j.head()
		require.NoError(t, err)
		require.Zero(t, head.Seq, "nothing is durable yet, and nothing is said to be")
		gate <- struct{}{}
		gate <- struct{}{}
		all.Wait()
		require.EqualValues(t, 2, j.syncs)
		raw, err := os.Open(path)
		require.NoError(t, err)
		records := 0
		_, err = ReadJournal(raw, func(Record, int) error { records++; return nil })
		require.NoError(t, err)
		require.Equal(t, 51, records)
		require.NoError(t, raw.Close())
	})
}

// After an fsync that failed nothing is answered, nothing is written, and those who wait are told.
func TestFailedFsyncStopsTheJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, _ := emptyJournal(t)
		gate := make(chan error)
		j.fsync = func() error { return <-gate }
		results := make(chan error, 3)
		for range 3 {
			go func() { _, err := j.note(kindInit, 0); results <- err }()
		}
		synctest.Wait()
		gate <- errors.New("disk is gone")
		for range 3 {
			err := <-results
			require.True(t, fault.HasKey(err, "signer_stopped"), "%v", err)
		}
		_, _, err := j.append(kindRefused, 0)
		require.True(t, fault.HasKey(err, "signer_stopped"), "%v", err)
		_, err = j.head()
		require.True(t, fault.HasKey(err, "signer_stopped"), "%v", err)
	})
}

// Canonical objects lie in the journal byte for byte as they were signed, whatever JSON likes to escape.
func TestJournalKeepsBytes(t *testing.T) {
	signed := "{\"url\":\"http://x/?a=1&b=<2>\u2028\"}"
	raw, err := plainJSON(profileBody{Profile: json.RawMessage(signed)})
	require.NoError(t, err)
	require.Equal(t, `{"profile":`+signed+`,"approvals":null}`, string(raw))
}
