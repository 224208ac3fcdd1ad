package main

import (
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/issuance/cert"
	"caconsole/issuance/signer/client"
)

// kills is how many there are: few here, many with `make soak`.
func kills() int {
	if os.Getenv("CACONSOLE_SOAK") != "" {
		return 300
	}
	return 20
}

// Signer, console and database are killed at random points while orders are confirmed and signed. In the end every order
// that was authorised has exactly one pair, no serial was used twice, nothing was issued that is not recorded, and
// database, journal and revocation list agree.
func TestIssuanceSurvivesKills(t *testing.T) {
	t.Parallel()
	m := newMint(t)
	const each = 3 // orders that come before each kill
	nos := m.approved(each * kills())
	console := m.startConsole()
	t.Cleanup(func() { killed(console) })
	counts := map[string]int{}
	for i := range kills() {
		for m.show(t.Context(), nos[i*each:(i+1)*each]) != nil { // the database may be down
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(time.Duration(50+rand.IntN(500)) * time.Millisecond)
		victim := []string{"signer", "console", "database"}[i%3]
		counts[victim]++
		switch victim {
		case "signer":
			killed(m.signer)
			m.startSigner()
		case "console":
			killed(console)
			console = m.startConsole()
		case "database":
			_ = syscall.Kill(m.cluster.PID(), syscall.SIGKILL) // it may be down already; the cluster starts it again
		}
	}
	t.Log(counts)
	require.Eventually(t, func() bool {
		_ = m.show(t.Context(), nos)
		n, err := m.count("SELECT count(*) FROM orders WHERE issuance <> 'recorded'")
		return err == nil && n == 0
	}, patience, 200*time.Millisecond, "every order is signed")

	for what, sql := range map[string]string{
		"orders without exactly one pair": `SELECT count(*) FROM orders o WHERE (SELECT count(*) FROM issuance_request r JOIN certificate c ON c.pair_id = r.new_pair_id
			WHERE r.order_id = o.id AND r.state = 'recorded') <> 2`,
		"requests left":                     "SELECT count(*) FROM issuance_request WHERE state = 'reserved'",
		"old pairs without their successor": `SELECT count(*) FROM orders o JOIN certificate_state s ON s.pair_id = o.old_pair_id WHERE s.successor IS NULL`,
	} {
		n, err := m.count(sql)
		require.NoError(t, err)
		require.Zero(t, n, what)
	}
	m.checkJournal(len(nos))
	out, err := m.verify()
	require.NoError(t, err, out)
	t.Log(out)
}

// checkJournal reads what the signer says it did: as many pairs as there are orders, and each serial once.
func (m *mint) checkJournal(pairs int) {
	m.t.Helper()
	issued, serials := 0, map[cert.Serial]bool{}
	for from := uint64(1); ; {
		page, err := client.New(m.socket()).Journal(m.t.Context(), cert.JournalQuery{From: from, Limit: 500})
		require.NoError(m.t, err)
		if len(page.Facts) == 0 {
			break
		}
		for _, f := range page.Facts {
			from = f.Seq + 1
			if f.Kind == cert.FactIssued {
				issued++
			}
			if f.Kind != cert.FactIntent {
				continue
			}
			for _, s := range f.Serials {
				require.False(m.t, serials[s], "serial %s twice", s)
				serials[s] = true
			}
		}
	}
	require.Equal(m.t, pairs, issued)
}
