package board_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/board"
	"caconsole/admin/board/boardtest"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/ui/page/pagetest"
)

// Whatever way a name is looked up, in the newest rows or in the index, the pages together are all that have it, once
// and in order. 4,000 orders are more than are looked through.
func TestSearchIsComplete(t *testing.T) {
	t.Parallel()
	app, owner, read := pgtest.NewDSN(t)
	require.NoError(t, boardtest.Seed(t.Context(), owner, 4000, pagetest.Now))
	db, err := pg.Open(t.Context(), pg.Options{DSN: app, ReadDSN: read})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	brd := board.New(db, func() time.Time { return pagetest.Now })
	conn, err := pgx.Connect(t.Context(), owner)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	have := func(query, pattern string) []string {
		rows, err := conn.Query(t.Context(), query, pattern)
		require.NoError(t, err)
		nos, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		return nos
	}

	for name, word := range map[string]string{
		"two characters, frequent": "科技", "two characters, in one company": "鼋汀", "in none": "龘靐", "neighbours in another order": "技科",
		"a place": "北京市", "most of a name": "鼋汀建筑", "what all names have": "有限公司", "its end and form": "科技有限公司", "a wildcard is a character": "科%", "one character narrows nothing": "科",
	} {
		pattern := "%" + word + "%"
		switch word {
		case "科":
			pattern = "%"
		case "科%":
			pattern = `%科\%%`
		}
		t.Run(name, func(t *testing.T) {
			want := have("SELECT no FROM orders WHERE holder LIKE $1 ORDER BY created_at DESC, id DESC", pattern)
			got := []string{}
			for after, more := "", true; more; more = after != "" {
				p, err := brd.Orders(t.Context(), everyone, board.OrderFilter{Holder: word, After: after, Limit: 100})
				require.NoError(t, err)
				for _, o := range p.Rows {
					got = append(got, o.No)
				}
				after = p.Next
			}
			require.Equal(t, want, got)

			want = have("SELECT o.no FROM invoice i JOIN orders o ON o.id = i.order_id WHERE i.buyer_title LIKE $1 ORDER BY i.created_at DESC, i.id DESC LIMIT 20", pattern)
			p, err := brd.Invoices(t.Context(), everyone, board.InvoiceFilter{Title: word})
			require.NoError(t, err)
			got = []string{}
			for _, i := range p.Rows {
				got = append(got, i.OrderNo)
			}
			require.Equal(t, want, got)
		})
	}
	t.Run("within a project nothing is missing, and nothing of another", func(t *testing.T) {
		for _, word := range []string{"科技", "有限公司", "鼋汀"} {
			want := have("SELECT no FROM orders WHERE project_id = '01900000-0000-7000-8000-00000000000b' AND holder LIKE $1 ORDER BY created_at DESC, id DESC", "%"+word+"%")
			p, err := brd.Orders(t.Context(), one, board.OrderFilter{Holder: word, Limit: 100})
			require.NoError(t, err)
			got := []string{}
			for _, o := range p.Rows {
				got = append(got, o.No)
			}
			require.Equal(t, want, got, word)
		}
	})
	t.Run("a company is found by its whole name", func(t *testing.T) {
		for _, holder := range have("SELECT DISTINCT holder FROM orders WHERE no LIKE $1 LIMIT 20", "%00%") {
			want := have("SELECT no FROM orders WHERE holder = $1 ORDER BY created_at DESC, id DESC LIMIT 20", holder)
			rows, err := brd.Find(t.Context(), everyone, board.Lookup{Holder: holder})
			require.NoError(t, err)
			got := []string{}
			for _, o := range rows {
				got = append(got, o.No)
			}
			require.Equal(t, want, got, holder)
		}
	})
	t.Run("invoices in trouble are listed and counted alike, in all projects or in each", func(t *testing.T) {
		all, err := brd.InvoiceCounts(t.Context(), everyone)
		require.NoError(t, err)
		both := actor.Actor{Kind: actor.Staff, ID: everyone.ID, Projects: []uuid.UUID{one.Projects[0], uuid.MustParse("01900000-0000-7000-8000-00000000000a")}}
		each, err := brd.InvoiceCounts(t.Context(), both)
		require.NoError(t, err)
		require.Equal(t, all, each)
		require.NotZero(t, all[board.InvoiceFailed].N)
		for _, who := range []actor.Actor{everyone, both} {
			listed := 0
			for after, more := "", true; more; more = after != "" {
				p, err := brd.Invoices(t.Context(), who, board.InvoiceFilter{Tab: board.InvoiceFailed, After: after})
				require.NoError(t, err)
				listed += len(p.Rows)
				after = p.Next
			}
			require.Equal(t, all[board.InvoiceFailed].N, listed)
		}
	})
	t.Run("a count beyond the cap is one's own", func(t *testing.T) {
		for range 2 { // the second is remembered
			n, err := brd.InvoiceCounts(t.Context(), everyone)
			require.NoError(t, err)
			require.Equal(t, board.Count{N: board.CountCap, More: true}, n[board.InvoiceAll])
			n, err = brd.InvoiceCounts(t.Context(), one)
			require.NoError(t, err)
			require.Equal(t, board.Count{N: len(have("SELECT id::text FROM invoice WHERE project_id = $1::uuid", one.Projects[0].String()))}, n[board.InvoiceAll])
			none, err := brd.InvoiceCounts(t.Context(), actor.Actor{Kind: actor.Staff, ID: everyone.ID})
			require.NoError(t, err)
			require.Equal(t, board.Count{}, none[board.InvoiceAll])
		}
	})
	t.Run("a certificate leads to the order it was renewed by and to the one it came from", func(t *testing.T) {
		for _, serial := range have("SELECT c.serial FROM orders o JOIN issuance_request r ON r.order_id = o.id JOIN certificate c ON c.pair_id IN (o.old_pair_id, r.new_pair_id) WHERE o.no = (SELECT no FROM orders WHERE stage = $1 ORDER BY no LIMIT 1)", "done") {
			rows, err := brd.Find(t.Context(), everyone, board.Lookup{Serial: serial})
			require.NoError(t, err)
			require.Len(t, rows, 1)
		}
	})
	t.Run("a count beyond the cap is believed for five seconds, a smaller one never", func(t *testing.T) {
		now := pagetest.Now
		later := board.New(db, func() time.Time { return now })
		count := func(tab board.InvoiceTab) board.Count {
			n, err := later.InvoiceCounts(t.Context(), everyone)
			require.NoError(t, err)
			return n[tab]
		}
		require.NotZero(t, count(board.InvoiceOpen))
		_, err := conn.Exec(t.Context(), "UPDATE invoice SET state = 'cancelled'") // the last of this database
		require.NoError(t, err)
		require.Zero(t, count(board.InvoiceOpen))
		require.True(t, count(board.InvoiceIssued).More)
		now = now.Add(5 * time.Second)
		require.Zero(t, count(board.InvoiceIssued))
	})
}
