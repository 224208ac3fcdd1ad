package board_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

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
		"a place": "北京市", "most of a name": "鼋汀建筑", "a wildcard is a character": "科%", "one character narrows nothing": "科",
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
	t.Run("a certificate leads to the order it was renewed by and to the one it came from", func(t *testing.T) {
		for _, serial := range have("SELECT c.serial FROM orders o JOIN issuance_request r ON r.order_id = o.id JOIN certificate c ON c.pair_id IN (o.old_pair_id, r.new_pair_id) WHERE o.no = (SELECT no FROM orders WHERE stage = $1 ORDER BY no LIMIT 1)", "done") {
			rows, err := brd.Find(t.Context(), everyone, board.Lookup{Serial: serial})
			require.NoError(t, err)
			require.Len(t, rows, 1)
		}
	})
}
