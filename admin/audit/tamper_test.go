package audit_test

import (
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
)

// TestAuditDetectsTampering changes the log with the rights of the schema's owner, who can do anything to the rows,
// and expects the verifier to name the first bad entry.
func TestAuditDetectsTampering(t *testing.T) {
	t.Parallel()
	const free = `ALTER TABLE audit_leaf DROP CONSTRAINT audit_leaf_entry_id_fkey; ALTER TABLE audit_leaf DROP CONSTRAINT audit_leaf_entry_key;`
	for name, c := range map[string]struct {
		sql   string
		kind  string
		first int64 // 0: a checkpoint is wrong and no entry
	}{
		"update":         {`UPDATE audit_entry SET outcome = 'refused' WHERE id = (SELECT entry_id FROM audit_leaf WHERE number = 17)`, audit.Changed, 17},
		"update details": {`UPDATE audit_entry SET details = details || '{"version": 99}' WHERE id = (SELECT entry_id FROM audit_leaf WHERE number = 3)`, audit.Changed, 3},
		"update time":    {`UPDATE audit_entry SET at = at + interval '1 microsecond' WHERE id = (SELECT entry_id FROM audit_leaf WHERE number = 30)`, audit.Changed, 30},
		"update with a new leaf hash": {`UPDATE audit_entry SET leaf_hash = sha256('x') WHERE id = (SELECT entry_id FROM audit_leaf WHERE number = 8);
			UPDATE audit_leaf SET leaf_hash = sha256('x') WHERE number = 8`, audit.Changed, 8},
		"delete an entry":       {free + `DELETE FROM audit_entry WHERE id = (SELECT entry_id FROM audit_leaf WHERE number = 9)`, audit.Removed, 9},
		"delete entry and leaf": {free + `WITH l AS (DELETE FROM audit_leaf WHERE number = 12 RETURNING entry_id) DELETE FROM audit_entry e USING l WHERE e.id = l.entry_id`, audit.Missing, 12},
		"delete and close the gap": {free + `WITH l AS (DELETE FROM audit_leaf WHERE number = 12 RETURNING entry_id) DELETE FROM audit_entry e USING l WHERE e.id = l.entry_id;
			ALTER TABLE audit_leaf DROP CONSTRAINT audit_leaf_number;
			UPDATE audit_leaf SET number = -number WHERE number > 12; UPDATE audit_leaf SET number = -number - 1 WHERE number < 0`, audit.BadTree, 11},
		"insert in the middle": {`ALTER TABLE audit_leaf DROP CONSTRAINT audit_leaf_number;
			UPDATE audit_leaf SET number = -number WHERE number >= 6; UPDATE audit_leaf SET number = -number + 1 WHERE number < 0;
			INSERT INTO audit_entry SELECT gen_random_uuid(), at, actor_kind, actor_id, actor_name, session_id, request_id, ip, project_id, action, object, outcome, reason, details, leaf_hash
				FROM audit_entry LIMIT 1;
			INSERT INTO audit_leaf SELECT 6, id, leaf_hash FROM audit_entry e WHERE NOT EXISTS (SELECT 1 FROM audit_leaf WHERE entry_id = e.id)`, audit.Changed, 6},
		"insert at the end": {`INSERT INTO audit_entry SELECT gen_random_uuid(), at, actor_kind, actor_id, actor_name, session_id, request_id, ip, project_id, action, object, outcome, reason, details, leaf_hash
				FROM audit_entry LIMIT 1;
			INSERT INTO audit_leaf SELECT 31, id, leaf_hash FROM audit_entry e WHERE NOT EXISTS (SELECT 1 FROM audit_leaf WHERE entry_id = e.id)`, audit.Unsigned, 31},
		"swap entries":           {free + `UPDATE audit_leaf SET entry_id = (SELECT entry_id FROM audit_leaf o WHERE o.number = 25 - audit_leaf.number) WHERE number IN (5, 20)`, audit.Reordered, 5},
		"swap leaves whole":      {free + `UPDATE audit_leaf SET (entry_id, leaf_hash) = (SELECT entry_id, leaf_hash FROM audit_leaf o WHERE o.number = 28 - audit_leaf.number) WHERE number IN (7, 21)`, audit.BadTree, 7},
		"tail cut":               {free + `WITH l AS (DELETE FROM audit_leaf WHERE number > 25 RETURNING entry_id) DELETE FROM audit_entry e USING l WHERE e.id = l.entry_id`, audit.Missing, 26},
		"all entries gone":       {free + `DELETE FROM audit_leaf; DELETE FROM audit_entry`, audit.Missing, 1},
		"inner node":             {`UPDATE audit_node SET hash = sha256('x') WHERE last_number = 16 AND level = 4`, audit.BadTree, 1},
		"checkpoint note":        {`UPDATE audit_checkpoint SET note = replace(note, 'number 2', 'number 3') WHERE number = 2`, audit.BadSigning, 0},
		"checkpoint columns":     {`UPDATE audit_checkpoint SET root = sha256('x') WHERE number = 2`, audit.BadSigning, 0},
		"checkpoint removed":     {`DELETE FROM audit_checkpoint WHERE number = 2`, audit.BadSigning, 0},
		"last checkpoint edited": {`UPDATE audit_checkpoint SET size = 29 WHERE number = 3`, audit.BadSigning, 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, owner := open(t)
			log, seq := newLog(t, db)
			fill(t, db, seq, 30)
			sound, err := log.Verify(t.Context())
			require.NoError(t, err)
			require.True(t, sound.OK(), "%v", sound.Problems)

			asOwner(t, owner, c.sql)
			report, err := log.Verify(t.Context())
			require.NoError(t, err)
			require.False(t, report.OK())
			require.Equal(t, c.first, report.FirstBad(), "%v", report.Problems)
			var kinds []string
			for _, p := range report.Problems {
				kinds = append(kinds, p.Kind)
			}
			require.Contains(t, kinds, c.kind)
		})
	}
}

// TestCutWithItsCheckpointsIsFoundByTheAuditorsOwn cuts the end off together with the checkpoints over it: only
// somebody who took a checkpoint along can know.
func TestCutWithItsCheckpointsIsFoundByTheAuditorsOwn(t *testing.T) {
	t.Parallel()
	db, owner := open(t)
	log, seq := newLog(t, db)
	fill(t, db, seq, 30)
	known, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	file, err := log.PublicKeyPEM()
	require.NoError(t, err)
	pub, err := audit.ParsePublicKey(file)
	require.NoError(t, err)

	asOwner(t, owner, `DELETE FROM audit_checkpoint WHERE number = 3; DELETE FROM audit_node WHERE last_number > 20;
		DELETE FROM audit_leaf WHERE number > 20;
		DELETE FROM audit_entry e WHERE NOT EXISTS (SELECT 1 FROM audit_leaf WHERE entry_id = e.id)`)
	blind, err := log.Verify(t.Context())
	require.NoError(t, err)
	require.True(t, blind.OK(), "%v", blind.Problems)
	report, err := audit.Verify(t.Context(), db.Read(t.Context()), pub, &known)
	require.NoError(t, err)
	require.Equal(t, int64(21), report.FirstBad(), "%v", report.Problems)

	// The log grows again past the old size, and is signed again: now the two contradict each other.
	fill(t, db, seq, 12)
	report, err = audit.Verify(t.Context(), db.Read(t.Context()), pub, &known)
	require.NoError(t, err)
	require.Equal(t, audit.Contradict, report.Problems[0].Kind)
}

func TestSequencerDoesNotSignOnTopOfTampering(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"node": `UPDATE audit_node SET hash = sha256('x') WHERE last_number = 16 AND level = 4`,
		"leaf": `INSERT INTO audit_leaf SELECT 31, entry_id, leaf_hash FROM audit_leaf WHERE number = 1`,
	} {
		db, owner := open(t)
		_, seq := newLog(t, db)
		fill(t, db, seq, 30)
		asOwner(t, owner, `ALTER TABLE audit_leaf DROP CONSTRAINT audit_leaf_entry_key;`+sql)
		write(t, db, actor.Job("x"), audit.Entry{Action: "a", Object: "o"})
		_, err := seq.Pass(t.Context())
		require.ErrorIs(t, err, audit.ErrTampered, name)
	}
}

func TestAppRoleCannotRewriteTheLog(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	_, seq := newLog(t, db)
	fill(t, db, seq, 3)
	for _, table := range []string{"audit_entry", "audit_leaf", "audit_node", "audit_checkpoint"} {
		for _, sql := range []string{"DELETE FROM " + table, "TRUNCATE " + table, "UPDATE " + table + " SET " + column[table]} {
			_, err := db.Pool().Exec(t.Context(), sql)
			require.ErrorContains(t, err, "permission denied", sql)
		}
	}
}

var column = map[string]string{
	"audit_entry": "reason = ''", "audit_leaf": "number = 1", "audit_node": "level = 1", "audit_checkpoint": "size = 1",
}

// open is pgtest.New with the owner's address.
func open(t *testing.T) (db *pg.DB, owner string) {
	t.Helper()
	app, owner, read := pgtest.NewDSN(t)
	db, err := pg.Open(t.Context(), pg.Options{DSN: app, ReadDSN: read, MaxConns: 2, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	return db, owner
}

func asOwner(t *testing.T, owner, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), owner)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}
