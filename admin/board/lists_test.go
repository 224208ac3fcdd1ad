package board_test

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/board"
	"caconsole/admin/board/boardtest"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/ui/page/pagetest"
)

// seeded are so many orders, a year of them: more than a count goes to, and every stage has several pages.
const seeded = 2500

// The people who look: one of each project, and one who has none.
var (
	ofLarge  = actor.Actor{Kind: actor.Staff, ID: uuid.MustParse("01930000-0000-7000-8000-000000000211"), Projects: []uuid.UUID{uuid.MustParse("01900000-0000-7000-8000-00000000000a")}}
	ofSmall  = actor.Actor{Kind: actor.Staff, ID: ofLarge.ID, Projects: []uuid.UUID{uuid.MustParse("01900000-0000-7000-8000-00000000000b")}}
	ofBoth   = actor.Actor{Kind: actor.Staff, ID: ofLarge.ID, Projects: slices.Concat(ofLarge.Projects, ofSmall.Projects)}
	ofAll    = actor.Actor{Kind: actor.Staff, ID: ofLarge.ID, AllProjects: true}
	ofNobody = actor.Actor{Kind: actor.Staff, ID: ofLarge.ID}
)

// reader is a board on a seeded database, and the database itself to compare with.
type reader struct {
	*board.Board
	t  *testing.T
	db *pg.DB
}

func newReader(t *testing.T) *reader {
	t.Helper()
	app, owner, read := pgtest.NewDSN(t)
	require.NoError(t, boardtest.Seed(t.Context(), owner, seeded, pagetest.Now))
	db, err := pg.Open(t.Context(), pg.Options{DSN: app, ReadDSN: read, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	return &reader{board.New(db, func() time.Time { return pagetest.Now }), t, db}
}

// ids are what plain SQL says.
func (r *reader) ids(query string, args ...any) []uuid.UUID {
	r.t.Helper()
	out := []uuid.UUID{}
	require.NoError(r.t, r.db.Read(r.t.Context()).Gorm().Raw(query, args...).Scan(&out).Error)
	return out
}

// list is one list of a screen: its pages, who stands in it by plain SQL over projects (@p), and the count above it.
type list struct {
	name  string
	pages func(a actor.Actor, after string) (ids []uuid.UUID, next string, err error)
	truth string
	count func(a actor.Actor) (board.Count, error)
}

// walk reads a list from its first page to its last.
func (r *reader) walk(l list, a actor.Actor) []uuid.UUID {
	r.t.Helper()
	out := []uuid.UUID{}
	for after, page := "", 0; ; page++ {
		ids, next, err := l.pages(a, after)
		require.NoError(r.t, err, l.name)
		out = append(out, ids...)
		if next == "" {
			return out
		}
		require.NotEmpty(r.t, ids, l.name)
		require.Less(r.t, page, seeded, "%s has no end", l.name)
		after = next
	}
}

func ids[T any](p board.Page[T], err error, id func(T) uuid.UUID) ([]uuid.UUID, string, error) {
	out := make([]uuid.UUID, 0, len(p.Rows))
	for _, row := range p.Rows {
		out = append(out, id(row))
	}
	return out, p.Next, err
}

func (r *reader) lists() []list {
	ctx := r.t.Context()
	all := []list{{
		name: "orders", truth: "SELECT id FROM orders WHERE project_id IN @p ORDER BY created_at DESC, id DESC",
		pages: func(a actor.Actor, after string) ([]uuid.UUID, string, error) {
			p, err := r.Orders(ctx, a, board.OrderFilter{After: after, Limit: 100})
			return ids(p, err, func(l board.OrderLine) uuid.UUID { return l.ID })
		},
	}}
	for tab, c := range map[board.QueueTab][2]string{
		board.TabOpen:     {"stage = 'review' AND review = 'queued'", "review_due_at"},
		board.TabMine:     {"stage IN ('review', 'second_review') AND review = 'claimed' AND id IN (SELECT order_id FROM review_claim WHERE staff_id = @me AND until > CAST(@now AS timestamptz))", "review_due_at"},
		board.TabResent:   {"stage IN ('review', 'second_review') AND id IN (SELECT order_id FROM review_verdict WHERE decision = 'returned')", "review_due_at"},
		board.TabDueSoon:  {"stage IN ('review', 'second_review') AND review_due_at < CAST(@now AS timestamptz) + interval '30 minutes'", "review_due_at"},
		board.TabTransfer: {"stage = 'transfer'", "stage_since"},
		board.TabAll:      {"stage IN ('review', 'second_review', 'transfer', 'returned')", "stage_since"},
	} {
		all = append(all, list{
			name: "queue " + string(tab), truth: "SELECT id FROM orders WHERE project_id IN @p AND " + c[0] + " ORDER BY " + c[1] + ", id",
			pages: func(a actor.Actor, after string) ([]uuid.UUID, string, error) {
				p, err := r.Queue(ctx, a, board.QueueFilter{Tab: tab, After: after})
				return ids(p, err, func(l board.OrderLine) uuid.UUID { return l.ID })
			},
			count: func(a actor.Actor) (board.Count, error) { n, err := r.QueueCounts(ctx, a); return n[tab], err },
		})
	}
	for tab, c := range map[board.CertificateTab][2]string{
		board.CertificateActive:   {"s.state = 'active' AND s.not_after >= CAST(@now AS timestamptz)", ""},
		board.CertificateExpiring: {"s.state = 'active' AND s.not_after >= CAST(@now AS timestamptz) AND s.not_after < CAST(@now AS timestamptz) + interval '90 days'", ""},
		board.CertificateExpired:  {"s.state = 'active' AND s.not_after < CAST(@now AS timestamptz)", " DESC"},
		board.CertificateRenewed:  {"s.state = 'renewed'", " DESC"},
		board.CertificateRevoked:  {"s.state NOT IN ('active', 'renewed')", " DESC"},
	} {
		all = append(all, list{
			name: "certificates " + string(tab),
			truth: "SELECT c.id FROM certificate c JOIN certificate_state s USING (pair_id) WHERE c.kind = 'sign' AND c.project_id IN @p AND " +
				c[0] + " ORDER BY c.not_after" + c[1] + ", c.pair_id" + c[1],
			pages: func(a actor.Actor, after string) ([]uuid.UUID, string, error) {
				p, err := r.Certificates(ctx, a, board.CertificateFilter{Tab: tab, After: after, Limit: 100})
				return ids(p, err, func(l board.CertificateLine) uuid.UUID { return l.ID })
			},
			count: func(a actor.Actor) (board.Count, error) { n, err := r.CertificateCounts(ctx, a); return n[tab], err },
		})
	}
	for tab, c := range map[board.IssueTab][2]string{
		board.IssueOpen:   {"stage = 'to_issue' AND issuance <> 'failed'", "stage_since, id"},
		board.IssueBusy:   {"stage = 'issuing'", "stage_since, id"},
		board.IssueFailed: {"stage = 'to_issue' AND issuance = 'failed'", "stage_since, id"},
		board.IssueDone:   {"stage = 'update'", "stage_since DESC, id DESC"},
	} {
		all = append(all, list{
			name: "issuance " + string(tab), truth: "SELECT id FROM orders WHERE project_id IN @p AND " + c[0] + " ORDER BY " + c[1],
			pages: func(a actor.Actor, after string) ([]uuid.UUID, string, error) {
				p, err := r.Issues(ctx, a, tab, after)
				return ids(p, err, func(l board.IssueLine) uuid.UUID { return l.ID })
			},
			count: func(a actor.Actor) (board.Count, error) { n, err := r.IssueCounts(ctx, a); return n[tab], err },
		})
	}
	return append(append(all, r.moneyLists()...), r.refundLists()...)
}

func (r *reader) refundLists() []list {
	ctx := r.t.Context()
	var all []list
	for tab, c := range map[board.RefundTab]string{
		board.RefundAll: "true", board.RefundTask: "state IN ('failed', 'requested')", board.RefundOpen: "state IN ('waiting_invoice', 'due', 'sent')",
		board.RefundDone: "state = 'done'",
	} {
		all = append(all, list{
			name:  "refunds " + string(tab),
			truth: "SELECT id FROM payment_refund WHERE order_id IN (SELECT id FROM orders WHERE project_id IN @p) AND " + c + " ORDER BY created_at DESC, id DESC",
			pages: func(a actor.Actor, after string) ([]uuid.UUID, string, error) {
				p, err := r.Refunds(ctx, a, board.RefundFilter{Tab: tab, After: after})
				return ids(p, err, func(l board.RefundLine) uuid.UUID { return l.ID })
			},
			count: func(a actor.Actor) (board.Count, error) { n, err := r.RefundCounts(ctx, a); return n[tab], err },
		})
	}
	for tab, c := range map[board.RedTab]string{
		board.RedTask: "state = 'blocked'", board.RedDone: "state IN ('issued', 'not_needed')",
		board.RedOpen: "state NOT IN ('blocked', 'issued', 'not_needed')",
	} {
		all = append(all, list{
			name:  "red letters " + string(tab),
			truth: "SELECT id FROM red_letter WHERE project_id IN @p AND " + c + " ORDER BY created_at DESC, id DESC",
			pages: func(a actor.Actor, after string) ([]uuid.UUID, string, error) {
				p, err := r.Reds(ctx, a, tab, "", after)
				return ids(p, err, func(l board.RedLine) uuid.UUID { return l.ID })
			},
			count: func(a actor.Actor) (board.Count, error) { n, err := r.RedCounts(ctx, a); return n[tab], err },
		})
	}
	for tab, c := range map[board.SuspenseTab]string{
		board.SuspenseAll: "true", board.SuspenseOpen: "NOT EXISTS (SELECT FROM payment_refund f WHERE f.intent_id = p.intent_id)",
	} {
		all = append(all, list{
			name: "suspense " + string(tab),
			truth: "SELECT intent_id FROM online_payment p WHERE suspense <> '' AND order_id IN (SELECT id FROM orders WHERE project_id IN @p) AND " + c +
				" ORDER BY created_at DESC, intent_id DESC",
			pages: func(a actor.Actor, after string) ([]uuid.UUID, string, error) {
				p, err := r.Suspense(ctx, a, tab, after)
				return ids(p, err, func(l board.SuspenseLine) uuid.UUID { return l.IntentID })
			},
			count: func(a actor.Actor) (board.Count, error) { n, err := r.SuspenseCounts(ctx, a); return n[tab], err },
		})
	}
	return all
}

func (r *reader) moneyLists() []list {
	ctx := r.t.Context()
	var all []list
	const undelivered = `id IN (SELECT replace(m.dedupe_key, 'invoice:', '')::uuid FROM message m WHERE m.template = 'invoice' AND m.state IN ('failed', 'unknown')
		AND NOT EXISTS (SELECT 1 FROM message n WHERE n.dedupe_key = m.dedupe_key AND n.channel = m.channel AND n.version > m.version))`
	for tab, c := range map[board.InvoiceTab]string{
		board.InvoiceAll:    "true",
		board.InvoiceOpen:   "state IN ('requested', 'issuing')",
		board.InvoiceIssued: "state = 'issued'",
		board.InvoiceFailed: "(state = 'failed' OR " + undelivered + ")",
		board.InvoiceLate:   "state NOT IN ('issued', 'cancelled') AND created_at < CAST(@now AS timestamptz) - interval '24 hours'",
	} {
		all = append(all, list{
			name: "invoices " + string(tab), truth: "SELECT id FROM invoice WHERE project_id IN @p AND " + c + " ORDER BY created_at DESC, id DESC",
			pages: func(a actor.Actor, after string) ([]uuid.UUID, string, error) {
				p, err := r.Invoices(ctx, a, board.InvoiceFilter{Tab: tab, After: after})
				return ids(p, err, func(l board.InvoiceLine) uuid.UUID { return l.ID })
			},
			count: func(a actor.Actor) (board.Count, error) { n, err := r.InvoiceCounts(ctx, a); return n[tab], err },
		})
	}
	const last = "(SELECT source FROM allocation x WHERE x.line_id = l.id ORDER BY created_at DESC, id DESC LIMIT 1)"
	for tab, c := range map[board.MatchTab]string{
		board.TabToConfirm: "l.state = 'open'",
		board.TabAuto:      "l.state = 'allocated' AND " + last + " = 'auto'",
		board.TabByHand:    "l.state = 'allocated' AND " + last + " = 'manual'",
	} {
		all = append(all, list{
			name:  "matching " + string(tab),
			truth: "SELECT l.id FROM bank_line l JOIN statement_account a ON a.id = l.account_id WHERE a.project_id IN @p AND " + c + " ORDER BY l.booked_on DESC, l.id DESC",
			pages: func(a actor.Actor, after string) ([]uuid.UUID, string, error) {
				p, err := r.Credits(ctx, a, board.MatchFilter{Tab: tab, After: after, Limit: 100})
				return ids(p, err, func(c board.Credit) uuid.UUID { return c.ID })
			},
			count: func(a actor.Actor) (board.Count, error) { n, err := r.MatchCounts(ctx, a); return n[tab], err },
		})
	}
	return append(all, list{
		name:  "statements",
		truth: "SELECT b.id FROM import_batch b JOIN statement_account a ON a.id = b.account_id WHERE a.project_id IN @p ORDER BY b.created_at DESC, b.id DESC",
		pages: func(a actor.Actor, after string) ([]uuid.UUID, string, error) {
			p, err := r.Statements(ctx, a, after, 10)
			return ids(p, err, func(l board.StatementLine) uuid.UUID { return l.ID })
		},
	})
}

func TestLists(t *testing.T) {
	r := newReader(t)
	for name, test := range map[string]func(*testing.T, *reader){
		"whole and in scope": listsAreWhole, "by name": searchByName, "by the hotline": hotlineFinds, "foreign keys": foreignKeys,
	} {
		t.Run(name, func(t *testing.T) {
			r.t = t
			test(t, r)
		})
	}
}

// listsAreWhole walks every list to its end for people of one project, of both, of all and of none: each
// row stands there once, in the promised order, and none of another project. The count above agrees, up to its cap.
func listsAreWhole(t *testing.T, r *reader) {
	t.Helper()
	for who, a := range map[string]actor.Actor{"large": ofLarge, "small": ofSmall, "both": ofBoth, "all": ofAll, "nobody": ofNobody} {
		projects := a.Projects
		if a.AllProjects {
			projects = ofBoth.Projects
		}
		for _, l := range r.lists() {
			want := []uuid.UUID{}
			if len(projects) > 0 {
				want = r.ids(l.truth, map[string]any{"p": projects, "me": a.ID, "now": pagetest.Now})
			}
			require.Equal(t, want, r.walk(l, a), "%s of %s", l.name, who)
			if l.count == nil {
				continue
			}
			n, err := l.count(a)
			require.NoError(t, err)
			require.Equal(t, board.Count{N: min(len(want), board.CountCap), More: len(want) > board.CountCap}, n, "%s of %s", l.name, who)
		}
	}
	n, err := r.InvoiceCounts(t.Context(), ofAll)
	require.NoError(t, err)
	require.Equal(t, board.Count{N: board.CountCap, More: true}, n[board.InvoiceAll], "the sample is large enough to be capped")
}

// Names are found by any two characters of them, in the list's order and page by page, and signs of LIKE mean themselves.
func searchByName(t *testing.T, r *reader) {
	t.Helper()
	for _, word := range []string{"科技", "鼋汀", "有限公司", "鑫华", "市鑫", "龘靐", "%%", "__", `\\`} {
		l := list{name: word, pages: func(a actor.Actor, after string) ([]uuid.UUID, string, error) {
			p, err := r.Orders(t.Context(), a, board.OrderFilter{Holder: word, After: after, Limit: 100})
			return ids(p, err, func(l board.OrderLine) uuid.UUID { return l.ID })
		}}
		want := r.ids("SELECT id FROM orders WHERE position(? IN holder) > 0 ORDER BY created_at DESC, id DESC", word)
		require.Equal(t, want, r.walk(l, ofAll), word)
	}
	for _, word := range []string{"科技", "鼋汀", "市鑫", "龘靐", "__"} {
		l := list{name: "certificates " + word, pages: func(a actor.Actor, after string) ([]uuid.UUID, string, error) {
			p, err := r.Certificates(t.Context(), a, board.CertificateFilter{Holder: word, After: after, Limit: 100})
			return ids(p, err, func(l board.CertificateLine) uuid.UUID { return l.ID })
		}}
		want := r.ids("SELECT id FROM certificate WHERE kind = 'sign' AND position(? IN holder) > 0 ORDER BY not_after DESC, id DESC", word)
		require.Equal(t, want, r.walk(l, ofAll), word)
	}
	p, err := r.Orders(t.Context(), ofAll, board.OrderFilter{Holder: "科"})
	require.NoError(t, err)
	require.Len(t, p.Rows, 20, "one character narrows nothing")
	p, err = r.Orders(t.Context(), ofAll, board.OrderFilter{Holder: "科技", Stage: order.StageTransfer})
	require.NoError(t, err)
	for _, row := range p.Rows {
		require.Equal(t, order.StageTransfer, row.Stage)
		require.Contains(t, row.Holder, "科技")
	}
	require.NotEmpty(t, p.Rows)
}

// Any question of the hotline finds its order: by the certificate that was renewed and by the one that came of it.
func hotlineFinds(t *testing.T, r *reader) {
	t.Helper()
	var known struct {
		ID                                uuid.UUID
		No, Holder, OrgIDNumber, MediumNo string
		OldSign, OldEnc, NewSign, NewEnc  string
		AgentPhoneIndex                   []byte
	}
	const one = `SELECT o.id, o.no, o.holder, o.org_id_number, o.medium_no, o.agent_phone_index, %s FROM orders o
		JOIN issuance_request q ON q.order_id = o.id AND q.new_pair_id IS NOT NULL WHERE o.stage = 'update' ORDER BY o.created_at DESC LIMIT 1`
	serial := func(pair, kind string) string {
		return fmt.Sprintf("(SELECT serial FROM certificate c WHERE c.pair_id = %s AND c.kind = '%s')", pair, kind)
	}
	columns := serial("o.old_pair_id", "sign") + " AS old_sign, " + serial("o.old_pair_id", "enc") + " AS old_enc, " +
		serial("q.new_pair_id", "sign") + " AS new_sign, " + serial("q.new_pair_id", "enc") + " AS new_enc"
	require.NoError(t, r.db.Read(t.Context()).Gorm().Raw(fmt.Sprintf(one, columns)).Scan(&known).Error)
	for name, l := range map[string]board.Lookup{
		"number": {No: known.No}, "phone": {PhoneIndex: known.AgentPhoneIndex}, "organisation": {OrgNumber: known.OrgIDNumber},
		"medium": {Medium: known.MediumNo}, "company": {Holder: known.Holder}, "old sign": {Serial: known.OldSign},
		"old encryption": {Serial: known.OldEnc}, "new sign": {Serial: known.NewSign}, "new encryption": {Serial: known.NewEnc},
	} {
		found, err := r.Find(t.Context(), ofAll, l)
		require.NoError(t, err, name)
		require.True(t, slices.ContainsFunc(found, func(o board.OrderLine) bool { return o.ID == known.ID }), name)
		require.LessOrEqual(t, len(found), 20, name)
		found, err = r.Find(t.Context(), ofNobody, l)
		require.NoError(t, err, name)
		require.Empty(t, found, "%s, outside the projects", name)
	}
	_, err := r.Find(t.Context(), ofAll, board.Lookup{})
	require.True(t, fault.HasKey(err, "invalid_field"), "%v", err)
}

// A page key that is none of ours is refused.
func foreignKeys(t *testing.T, r *reader) {
	t.Helper()
	for _, after := range []string{"x", "%", "bm90IGpzb24", "e30x"} {
		_, err := r.Orders(t.Context(), ofAll, board.OrderFilter{After: after})
		require.True(t, fault.Is(err, fault.Invalid), after)
		_, err = r.Queue(t.Context(), ofAll, board.QueueFilter{After: after})
		require.True(t, fault.Is(err, fault.Invalid), after)
	}
}
