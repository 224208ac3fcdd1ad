package signer_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/signer"
	"caconsole/issuance/signer/signertest"
)

// begun is how many records come before the first intent: init, start, two shares, unlock.
const begun = 5

// written issues one pair and returns the journal's bytes: what has begun, intent, issued.
func written(t *testing.T) (signertest.Bench, renewal, []byte) {
	t.Helper()
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	r := newRenewal(t, b)
	_, err := e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	require.NoError(t, e.Shutdown())
	raw, err := os.ReadFile(filepath.Join(b.Dir, "journal.jsonl"))
	require.NoError(t, err)
	require.Equal(t, begun+2, bytes.Count(raw, []byte("\n")))
	return b, r, raw
}

// afterIntent cuts the journal behind its intent.
func afterIntent(raw []byte) []byte {
	return bytes.Join(bytes.SplitAfter(raw, []byte("\n"))[:begun+1], nil)
}

func (r renewal) issueOn(t *testing.T, b signertest.Bench, journal []byte) signer.Report {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(b.Dir, "journal.jsonl"), journal, 0o600))
	e, err := b.TryOpen(clock)
	require.NoError(t, err)
	_, err = e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	require.NoError(t, e.Shutdown())
	rep, err := signer.Verify(b.Dir, nil)
	require.NoError(t, err)
	require.Zero(t, rep.Torn)
	require.Equal(t, 1, rep.Issued)
	return rep
}

func TestTornTailIsCut(t *testing.T) {
	b, r, raw := written(t)
	lines := bytes.SplitAfter(raw, []byte("\n"))
	beforeIntent := len(bytes.Join(lines[:begun], nil))
	lastLine := len(raw) - len(lines[begun+1])

	// Every byte of the last two records: the tail is found and nothing before it is lost.
	for cut := beforeIntent; cut < len(raw); cut++ {
		var records int
		torn, err := signer.ReadJournal(bytes.NewReader(raw[:cut]), func(signer.Record, int) error { records++; return nil })
		require.NoError(t, err)
		if cut < lastLine {
			require.Equal(t, begun, records)
			require.EqualValues(t, cut-beforeIntent, torn)
		} else {
			require.Equal(t, begun+1, records)
			require.EqualValues(t, cut-lastLine, torn)
		}
	}
	// And the signer goes on from there, with the same serials: at the ends of both records and in steps between.
	for _, cut := range []int{beforeIntent, beforeIntent + 1, lastLine - 1, lastLine, lastLine + 1, len(raw) - 2, len(raw) - 1} {
		r.issueOn(t, b, raw[:cut])
	}
	for cut := beforeIntent; cut < len(raw); cut += 211 {
		r.issueOn(t, b, raw[:cut])
	}
}

func TestCrashAfterIntentMakesTheSamePair(t *testing.T) {
	b, r, raw := written(t)
	e, err := b.TryOpen(clock)
	require.NoError(t, err)
	first, err := e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	require.NoError(t, e.Shutdown())

	require.NoError(t, os.WriteFile(filepath.Join(b.Dir, "journal.jsonl"), afterIntent(raw), 0o600))
	e = b.Open(t, clock)
	again, err := e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	require.Equal(t, first.Pair, again.Pair)
}

func TestCloseAfterIntentBuriesIt(t *testing.T) {
	b, r, raw := written(t)
	require.NoError(t, os.WriteFile(filepath.Join(b.Dir, "journal.jsonl"), afterIntent(raw), 0o600))
	e := b.Open(t, clock)
	closing, err := e.Close(t.Context(), r.request.ID)
	require.NoError(t, err)
	require.Nil(t, closing.Issued)
	_, err = e.Issue(t.Context(), r.instruction)
	require.True(t, fault.HasKey(err, "request_closed"), "%v", err)

	var tombstone string
	_, err = signer.Verify(b.Dir, func(rec signer.Record) error {
		if rec.Kind == "closed" {
			tombstone = string(rec.Body)
		}
		return nil
	})
	require.NoError(t, err)
	require.Contains(t, tombstone, r.request.SignSerial, "the serials to revoke should such a certificate turn up")
	require.Contains(t, tombstone, r.request.EncSerial)
}

func TestFlippedByteStopsTheStart(t *testing.T) {
	b, _, raw := written(t)
	path := filepath.Join(b.Dir, "journal.jsonl")
	check := func(at int, tryStart bool) {
		broken := bytes.Clone(raw)
		broken[at] ^= 0x04
		_, err := signer.ReadJournal(bytes.NewReader(broken), func(signer.Record, int) error { return nil })
		require.True(t, fault.HasKey(err, "journal_broken"), "byte %d: %v", at, err)
		if !tryStart {
			return
		}
		require.NoError(t, os.WriteFile(path, broken, 0o600))
		_, err = b.TryOpen(clock)
		require.True(t, fault.HasKey(err, "journal_broken"), "byte %d: %v", at, err)
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, broken, after, "a broken journal is left as it is")
	}
	// The very last byte is the line feed that tells a whole record from a torn one; a flip there looks like a crash
	// before the record was durable. The head hash in the console's database tells the two apart.
	for at := 0; at < len(raw)-1; at += 3 {
		check(at, at%498 == 0)
	}
}

func TestRecordsCannotBeMoved(t *testing.T) {
	_, _, raw := written(t)
	lines := bytes.SplitAfter(raw, []byte("\n"))[:begun+2]
	other := signertest.New(t, now)
	require.NoError(t, other.Open(t, func() time.Time { return now.Add(time.Hour) }).Shutdown())
	foreign, err := os.ReadFile(filepath.Join(other.Dir, "journal.jsonl"))
	require.NoError(t, err)
	for name, journal := range map[string][][]byte{
		"exchanged": {lines[0], bytes.SplitAfter(foreign, []byte("\n"))[1], lines[2], lines[3]},
		"dropped":   {lines[0], lines[1], lines[3]},
		"swapped":   {lines[0], lines[2], lines[1], lines[3]},
		"repeated":  {lines[0], lines[1], lines[2], lines[3], lines[3]},
		"headless":  {lines[1], lines[2], lines[3]},
		"blank":     {lines[0], []byte("\n"), lines[1]},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := signer.ReadJournal(bytes.NewReader(bytes.Join(journal, nil)), func(signer.Record, int) error { return nil })
			require.True(t, fault.HasKey(err, "journal_broken"), "%v", err)
		})
	}
}
