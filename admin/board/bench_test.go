package board_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/board"
	"caconsole/admin/flow"
	"caconsole/admin/pg"
	"caconsole/rbac"
	"caconsole/ui/home"
	"caconsole/ui/invoices"
	"caconsole/ui/issuance"
	"caconsole/ui/matching"
	"caconsole/ui/orders"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
	"caconsole/ui/queue"
	"caconsole/ui/statements"
)

// users ask at the same time, one question after the other without a pause: 8, or CACONSOLE_BENCH_USERS.
var users = 8

// aim is PRODUCT.md's: lists and search at a million orders, p95 of the server's time, in milliseconds.
const aim = 50

// measure is one question of a user.
type measure struct {
	name string
	ask  func(ctx context.Context) error
}

// BenchmarkBoard asks every question the screens ask, and then the screens themselves, of one database with
// CACONSOLE_BENCH_ORDERS orders (100,000 unless set). BENCH.md has the figures.
func BenchmarkBoard(b *testing.B) {
	n := number(b, "CACONSOLE_BENCH_ORDERS", 100_000)
	users = number(b, "CACONSOLE_BENCH_USERS", users)
	app, read := filled(b, n)
	db, err := pg.Open(b.Context(), pg.Options{DSN: app, ReadDSN: read, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(b, err)
	b.Cleanup(db.Close)
	start := time.Now()
	clock := func() time.Time { return pagetest.Now.Add(time.Since(start)) } // what the board remembers ends as it does at work
	anew := func() *board.Board { return board.New(db, clock) }
	brd := anew()

	for _, m := range slices.Concat(lists(brd, anew), searches(b, brd), pages(b, brd)) {
		b.Run(m.name, func(b *testing.B) { m.run(b) })
	}
}

func number(b *testing.B, variable string, unset int) int {
	b.Helper()
	s := os.Getenv(variable)
	if s == "" {
		return unset
	}
	n, err := strconv.Atoi(s)
	require.NoError(b, err)
	return n
}

// run lets the users ask and reports how long they waited.
func (m measure) run(b *testing.B) {
	b.Helper()
	waits := make([]time.Duration, b.N)
	errs := make([]error, users)
	var wg sync.WaitGroup
	for u := range users {
		wg.Go(func() {
			for i := u; i < b.N && errs[u] == nil; i += users {
				start := time.Now()
				errs[u] = m.ask(b.Context())
				waits[i] = time.Since(start)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(b, err)
	}
	slices.Sort(waits)
	at := func(percent int) float64 { return float64(waits[(len(waits)-1)*percent/100].Microseconds()) / 1000 }
	b.ReportMetric(0, "ns/op") // says how many were answered, not how long one waited
	b.ReportMetric(at(50), "p50-ms")
	b.ReportMetric(at(95), "p95-ms")
	b.ReportMetric(aim, "aim-ms")
}

// everyone sees all projects, one sees a project that has one order in a thousand.
var (
	everyone = actor.Actor{Kind: actor.Staff, ID: uuid.MustParse("01930000-0000-7000-8000-000000000211"), AllProjects: true}
	one      = actor.Actor{Kind: actor.Staff, ID: everyone.ID, Projects: []uuid.UUID{uuid.MustParse("01900000-0000-7000-8000-00000000000b")}}
)

// pages asks for whole screens over HTTP: router, read models, templates. Session and permission are the test site's.
func pages(b *testing.B, brd *board.Board) []measure {
	b.Helper()
	f := &flow.Flow{Board: brd}
	site := pagetest.New(b, rbac.All(), func(r *page.Router) {
		home.Routes(r, home.Deps{Desk: home.FromBoard(brd)})
		queue.Routes(r, queue.Deps{Flow: f, Board: brd})
		orders.Routes(r, orders.Deps{Flow: f, Board: brd})
		issuance.Routes(r, issuance.Deps{Flow: f, Board: brd})
		invoices.Routes(r, invoices.Deps{Flow: f, Board: brd})
		matching.Routes(r, matching.Deps{Flow: f, Board: brd})
		statements.Routes(r, statements.Deps{Flow: f, Board: brd})
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	go func() { _ = site.App.Listener(ln) }()
	b.Cleanup(func() { _ = site.App.Shutdown() })
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: users}}
	var out []measure
	for _, path := range []string{
		"/home", "/queue", "/queue?tab=all", "/orders", "/orders?holder=科技", "/orders?holder=鼋汀", "/orders?stage=done",
		"/issuance", "/issuance?tab=done", "/invoices", "/invoices?tab=failed", "/matching", "/matching?tab=auto", "/statements",
	} {
		out = append(out, measure{"page " + path, func(ctx context.Context) error { return get(ctx, client, "http://"+ln.Addr().String()+path) }})
	}
	return out
}

func get(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.AddCookie(&http.Cookie{Name: "caconsole_session", Value: "pagetest"})
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return &net.AddrError{Err: res.Status, Addr: url}
	}
	return nil
}
