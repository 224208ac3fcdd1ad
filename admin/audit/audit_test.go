package audit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/seal"
)

var noon = time.Date(2026, 11, 22, 4, 0, 0, 123456789, time.UTC)

func newLog(t testing.TB, db *pg.DB) (*audit.Log, *audit.Sequencer) {
	t.Helper()
	text, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(text)
	require.NoError(t, err)
	key, err := ring.CheckpointKey()
	require.NoError(t, err)
	log := audit.New(db, key, time.Now) // ids carry the real time, which the sequencer's window is about
	return log, &audit.Sequencer{Log: log, Logger: slog.New(slog.DiscardHandler)}
}

func write(t testing.TB, db *pg.DB, a actor.Actor, entries ...audit.Entry) {
	t.Helper()
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		for i, e := range entries {
			if err := audit.Append(ctx, tx, a, noon.Add(time.Duration(i)*time.Second), e); err != nil {
				return err
			}
		}
		return nil
	}))
}

// fill writes n entries in three passes of the sequencer, so that there are three checkpoints.
func fill(t testing.TB, db *pg.DB, s *audit.Sequencer, n int) {
	t.Helper()
	for part := range 3 {
		var entries []audit.Entry
		for i := part * n / 3; i < (part+1)*n/3; i++ {
			entries = append(entries, audit.Entry{Action: "review.approve", Object: fmt.Sprintf("order:R%d", i), Details: map[string]any{"version": i}})
		}
		write(t, db, actor.Job("test"), entries...)
		got, err := s.Pass(t.Context())
		require.NoError(t, err)
		require.Len(t, entries, got)
	}
}

func TestWhatIsAppendedIsNumberedSignedAndVerified(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	log, seq := newLog(t, db)

	report, err := log.Verify(t.Context())
	require.NoError(t, err)
	require.True(t, report.OK(), "an empty log: %v", report.Problems)

	hostile := map[string]any{
		"nul": "a\x00b", "quote\"\\u0000": "\\u0000", "html": "<script>", "rtl": "\u202eabc", "bad": string([]byte{0xff}),
		"float": 1e21, "small": 1e-7, "big": int64(9007199254740991), "deep": []any{map[string]any{"x\x00": nil}}, "zero": 1.0,
	}
	a := actor.Actor{
		Kind: actor.Staff, ID: uuid.Must(uuid.NewV7()), Name: "li\x00xiaowen\xff" + strings.Repeat("长", 300),
		SessionID: uuid.Must(uuid.NewV7()), RequestID: "01JD", IP: "10.20.4.31",
	}
	write(t, db, a, audit.Entry{Action: "case.reveal", Object: "order:R26112200317", Reason: "核对资料", Details: hostile})
	n, err := seq.Pass(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	fill(t, db, seq, 30)

	report, err = log.Verify(t.Context())
	require.NoError(t, err)
	require.True(t, report.OK(), "%v", report.Problems)
	require.Equal(t, int64(31), report.Entries)
	require.Equal(t, int64(31), report.Checkpoint.Size)
	require.Equal(t, int64(4), report.Checkpoint.Number)
	require.Zero(t, report.Pending)

	write(t, db, a, audit.Entry{Action: "late", Object: "x"})
	report, err = log.Verify(t.Context())
	require.NoError(t, err)
	require.True(t, report.OK())
	require.Equal(t, int64(1), report.Pending)
}

func TestRolledBackLeavesNoEntryAndRefusedLeavesOne(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	log, seq := newLog(t, db)
	err := db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		require.NoError(t, audit.Append(ctx, tx, actor.Job("x"), noon, audit.Entry{Action: "order.close", Object: "order:1"}))
		return fault.New(fault.Conflict, "gate_move", nil)
	})
	require.True(t, fault.HasKey(err, "gate_move"))
	require.NoError(t, log.Refused(t.Context(), actor.Actor{Kind: actor.Staff, Name: "wang"}, audit.Entry{Action: "order.close", Object: "order:1"}))
	n, err := seq.Pass(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	rec, err := audit.Get(t.Context(), db.Read(t.Context()), actor.Job("t"), 1)
	require.NoError(t, err)
	require.Equal(t, audit.Refused, rec.Outcome)
}

func TestConcurrentWritersAndSequencersGiveGaplessNumbers(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	log, _ := newLog(t, db)
	const writers, each = 8, 200

	ctx, stop := context.WithCancel(t.Context())
	var sequencers sync.WaitGroup
	for range 2 {
		sequencers.Go(func() {
			s := &audit.Sequencer{Log: log, Every: 5 * time.Millisecond, Logger: slog.New(slog.DiscardHandler)}
			s.Run(ctx)
		})
	}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				err := db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
					return audit.Append(ctx, tx, actor.Job(fmt.Sprint("writer", w)), noon, audit.Entry{Action: "a", Object: fmt.Sprint("o:", i)})
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	stop()
	sequencers.Wait()
	last := &audit.Sequencer{Log: log, Logger: slog.New(slog.DiscardHandler)}
	var report audit.Report
	require.Eventually(t, func() bool { // a cancelled sequencer's connection may hold the lock for a moment longer
		if _, err := last.Pass(t.Context()); err != nil {
			return false
		}
		var err error
		report, err = log.Verify(t.Context())
		return err == nil && report.Pending == 0
	}, 10*time.Second, 20*time.Millisecond)
	require.True(t, report.OK(), "%v", report.Problems)
	require.Equal(t, int64(writers*each), report.Entries)
	require.Greater(t, report.Checkpoint.Number, int64(1))
}

func TestSlowSweepFindsWhatCommitsLate(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	text, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(text)
	require.NoError(t, err)
	key, err := ring.CheckpointKey()
	require.NoError(t, err)
	clock := time.Now()
	log := audit.New(db, key, func() time.Time { return clock })
	seq := &audit.Sequencer{Log: log, Logger: slog.New(slog.DiscardHandler)}
	_, err = seq.Pass(t.Context())
	require.NoError(t, err)

	write(t, db, actor.Job("x"), audit.Entry{Action: "a", Object: "o:1"})
	clock = clock.Add(30 * time.Minute) // as if that entry's transaction had been open for half an hour
	n, err := seq.Pass(t.Context())
	require.NoError(t, err)
	require.Zero(t, n, "outside the recent window, and the sweep rests")
	clock = clock.Add(time.Hour)
	n, err = seq.Pass(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

func TestProofStandsAlone(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	log, seq := newLog(t, db)
	fill(t, db, seq, 23)
	file, err := log.PublicKeyPEM()
	require.NoError(t, err)
	pub, err := audit.ParsePublicKey(file)
	require.NoError(t, err)
	q := db.Read(t.Context())

	for n := int64(1); n <= 23; n++ {
		p, err := audit.Prove(t.Context(), q, n)
		require.NoError(t, err)
		c, err := p.Verify(pub)
		require.NoError(t, err)
		require.Equal(t, int64(23), c.Size)
		require.True(t, json.Valid(p.Entry))

		forged := p
		forged.Entry = []byte(strings.Replace(string(p.Entry), "approve", "reject", 1))
		_, err = forged.Verify(pub)
		require.ErrorIs(t, err, audit.ErrProof)
		moved := p
		moved.Number = n%23 + 1
		_, err = moved.Verify(pub)
		require.ErrorIs(t, err, audit.ErrProof)
	}
	for _, n := range []int64{-1, 0, 24} {
		_, err := audit.Prove(t.Context(), q, n)
		require.True(t, fault.HasKey(err, "audit_entry_unknown"), err)
	}
}

func TestCheckpointNote(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	log, seq := newLog(t, db)
	stranger, _ := newLog(t, db)
	fill(t, db, seq, 3)
	c, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(c.Note, "caconsole/audit\n3\n"), c.Note)
	file, err := log.PublicKeyPEM()
	require.NoError(t, err)
	pub, err := audit.ParsePublicKey(file)
	require.NoError(t, err)
	got, err := audit.ParseCheckpoint(c.Note, pub)
	require.NoError(t, err)
	require.Equal(t, c, got)

	otherFile, err := stranger.PublicKeyPEM()
	require.NoError(t, err)
	other, err := audit.ParsePublicKey(otherFile)
	require.NoError(t, err)
	_, err = audit.ParseCheckpoint(c.Note, other)
	require.ErrorContains(t, err, "another key")
	for _, bad := range []string{
		"", "\n\n", strings.Replace(c.Note, "\n3\n", "\n2\n", 1), strings.Replace(c.Note, "\n3\n", "\n03\n", 1),
		strings.Replace(c.Note, "number 3", "number 4", 1), strings.Replace(c.Note, "caconsole", "elsewhere", 1),
		c.Note[:len(c.Note)-8] + "\n",
	} {
		_, err := audit.ParseCheckpoint(bad, pub)
		require.ErrorIs(t, err, audit.ErrCheckpoint, "%q", bad)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	_, seq := newLog(t, db)
	mine, theirs := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	li := actor.Actor{Kind: actor.Staff, ID: uuid.Must(uuid.NewV7()), Name: "li", IP: "10.0.0.1", SessionID: uuid.Must(uuid.NewV7())}
	for i := range 5 {
		write(t, db, li, audit.Entry{Action: "case.view", Object: fmt.Sprint("order:R", i), Project: mine})
	}
	write(t, db, actor.Actor{Kind: actor.Staff, Name: "wang"}, audit.Entry{Action: "case.view", Object: "order:X", Project: theirs})
	write(t, db, actor.Job("sweep"), audit.Entry{Action: "order.close", Object: "order:R1", Outcome: audit.Failed, Details: map[string]any{"reason": "unpaid"}})
	_, err := seq.Pass(t.Context())
	require.NoError(t, err)
	q := db.ReadOnly(t.Context())
	scoped := actor.Actor{Kind: actor.Staff, Projects: []uuid.UUID{mine}}

	count := func(a actor.Actor, f audit.Filter) int {
		rows, err := audit.List(t.Context(), q, a, f)
		require.NoError(t, err)
		return len(rows)
	}
	all := actor.Job("t")
	require.Equal(t, 7, count(all, audit.Filter{}))
	require.Equal(t, 6, count(scoped, audit.Filter{}), "the other project stays hidden")
	require.Equal(t, 1, count(actor.Actor{}, audit.Filter{}), "no project: only what concerns none")
	require.Equal(t, 5, count(all, audit.Filter{Actor: "li"}))
	require.Equal(t, 2, count(all, audit.Filter{Object: "order:R1"}))
	require.Equal(t, 1, count(all, audit.Filter{Action: "order.close", Outcome: audit.Failed}))
	require.Equal(t, 5, count(all, audit.Filter{IP: "10.0.0.1"}))
	require.Equal(t, 0, count(all, audit.Filter{To: noon.Add(-time.Second)}))
	require.Equal(t, 7, count(all, audit.Filter{From: noon.Truncate(time.Second), To: noon.Add(time.Second)}))
	require.Equal(t, 0, count(scoped, audit.Filter{Action: "case.view' OR true --"}))

	seen := map[uuid.UUID]bool{}
	var cursor *audit.Cursor
	for range 4 {
		rows, err := audit.List(t.Context(), q, all, audit.Filter{Before: cursor, Limit: 2})
		require.NoError(t, err)
		for _, r := range rows {
			require.False(t, seen[r.ID])
			seen[r.ID] = true
			cursor = r.Cursor()
		}
	}
	require.Len(t, seen, 7)

	rec, err := audit.Get(t.Context(), q, scoped, 1)
	require.NoError(t, err)
	require.Equal(t, li.ID, rec.Actor.ID)
	require.Equal(t, li.SessionID, rec.Actor.SessionID)
	require.Equal(t, noon.Truncate(time.Microsecond), rec.At.UTC())
	_, err = audit.Get(t.Context(), q, scoped, 6)
	require.True(t, fault.HasKey(err, "audit_entry_unknown"), "another project's entry: %v", err)
}
