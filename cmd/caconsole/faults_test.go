package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"caconsole/admin/pg"
)

// siege is how long the test with everything going wrong is: short here, whole with `make soak`.
type siege struct {
	orders int
	rate   float64 // orders begun a second, at most
	// atOnce is how many are under way at most, so that a slow machine is besieged longer, not harder: people who wait too
	// long for a log-in code give up.
	atOnce  int
	timeout time.Duration
}

func planSiege() siege {
	if os.Getenv("CACONSOLE_SOAK") != "" {
		return siege{orders: 5000, rate: 4, atOnce: 48, timeout: 5 * time.Hour}
	}
	return siege{orders: 300, rate: 4, atOnce: 48, timeout: 18 * time.Minute}
}

// Applicants and staff, all robots, renew certificates on both paths and with every way to pay, while one call or notice
// of the vendors in fifty goes wrong in one of six ways, and the database is killed in the middle. In the end every order
// is where its events say, no payment is lost or counted twice, and nobody got a message or an invoice twice.
func TestOrdersUnderFaults(t *testing.T) {
	s := planSiege()
	online := s.orders * 85 / 100
	h := newHouse(t, "--orders", "0", "--certificates", strconv.Itoa(online+10))
	ctx, cancel := context.WithTimeout(t.Context(), s.timeout)
	defer cancel()
	h.upset(0.02)
	out := filepath.Join(h.data, "load")
	require.NoError(t, os.MkdirAll(out, 0o750))

	staff := h.begin(ctx, "applicant", "desk", "--base", h.url, "--staff", h.demoFile("staff.tsv"), "--statements", out, "--poll", "1s")
	loadEnded := make(chan string, 1)
	go func() {
		load := exec.CommandContext(ctx, filepath.Join(h.bin, "applicant"), "load", "--base", h.url, "--ukeys", h.demoFile("ukeys"), "--out", out,
			"--orders", strconv.Itoa(s.orders), "--rate", fmt.Sprint(s.rate), "--at-once", strconv.Itoa(s.atOnce), "--online", "85", "--poll", "1s",
			"--timeout", s.timeout.String(), "--json")
		var report, log bytes.Buffer
		load.Stdout, load.Stderr = &report, &log
		if err := load.Run(); err != nil {
			t.Log(log.String())
		}
		loadEnded <- report.String()
	}()

	q := h.query(ctx)
	require.Eventually(t, func() bool { return q.one(`SELECT count(*) FROM orders`) >= s.orders/2 }, s.timeout, 500*time.Millisecond, "half of the orders")
	q.close()
	h.killDatabase()

	report := <-loadEnded
	var r struct {
		Orders, Done int
		Problems     map[string]int
	}
	require.NoError(t, json.Unmarshal([]byte(report), &r), report)
	t.Logf("%s", report)
	// An applicant whose log-in codes come too late again and again gives up before there is an order.
	require.GreaterOrEqual(t, r.Done, s.orders*97/100, "renewals end with the new pair in the Ukey")

	q = h.query(ctx)
	require.Eventually(t, func() bool { return q.one(`SELECT count(*) FROM (`+underWay+`) w`) == 0 }, patience, time.Second,
		"all work is done; what is left: %s", lazy(func() string { return q.list(`SELECT what || ' ' || count(*) FROM (` + underWay + `) w GROUP BY what`) }))
	staff.stop()
	h.checkOrders(q, r.Done)
	h.checkMoney(q)
	h.checkSentOnce()
	printed, err := h.run(ctx, "caconsole", "audit", "verify")
	require.NoError(t, err, printed)
}

// underWay is what has not gone to a vendor yet or has to come back from one. Messages whose sending got no answer are
// none of it: the vendor is asked for them again and again, for up to half an hour.
const underWay = `SELECT 'invoice ' || state AS what FROM invoice WHERE state IN ('requested', 'issuing')
	UNION ALL SELECT 'message ' || template FROM message WHERE state = 'queued' AND attempts = 0`

// lazy is a text that is made when it is printed.
type lazy func() string

func (l lazy) String() string { return l() }

// checkOrders compares every order with what its events imply and with what the world outside knows.
func (h *house) checkOrders(q *query, done int) {
	h.t.Helper()
	require.Equal(h.t, done, q.one(`SELECT count(*) FROM orders WHERE stage = 'done'`))
	for _, gate := range []string{
		"consent", "documents", "identity", "telecom", "payment", "review", "authorisation", "issuance", "delivery", "invoice",
	} {
		require.Zero(h.t, q.one(`SELECT count(*) FROM orders o
			JOIN LATERAL (SELECT to_state FROM order_event e WHERE e.order_id = o.id AND e.gate = '`+gate+`' ORDER BY e.id DESC LIMIT 1) last ON true
			WHERE last.to_state <> o.`+gate), "orders whose gate %s is not where its last event put it", gate)
		require.Zero(h.t, q.one(`SELECT count(*) FROM (
			SELECT from_state, lag(to_state) OVER (PARTITION BY order_id ORDER BY id) AS before FROM order_event WHERE gate = '`+gate+`') e
			WHERE before <> from_state`), "events of %s that do not follow from the one before", gate)
	}
	require.Zero(h.t, q.one(`SELECT count(*) FROM (SELECT order_id FROM issuance_request WHERE state = 'recorded' GROUP BY 1 HAVING count(*) > 1) twice`))
	require.Equal(h.t, q.one(`SELECT count(*) FROM orders WHERE issuance = 'recorded'`), q.one(`SELECT count(*) FROM issuance_request WHERE state = 'recorded'`), "one pair an order")
	require.Equal(h.t, done, q.one(`SELECT count(*) FROM certificate_state old JOIN certificate_state new ON new.pair_id = old.successor
		WHERE old.state = 'renewed' AND new.state = 'active'`), "one successor a certificate")
}

// checkMoney compares what the console believes with what the vendors and the bank know.
func (h *house) checkMoney(q *query) {
	h.t.Helper()
	for _, vendor := range []string{"wechat", "alipay"} {
		var bills []struct {
			OutTradeNo string `json:"out_trade_no"`
			PaidFen    int    `json:"paid_fen"`
			Refunds    []struct {
				AmountFen int `json:"amount_fen"`
			}
		}
		h.sim(http.MethodGet, vendor, "/_sim/"+vendor+"/bills", nil, &bills)
		paid, sum := 0, 0
		for _, b := range bills {
			if b.PaidFen == 0 {
				continue
			}
			paid, sum = paid+1, sum+b.PaidFen
			require.Equal(h.t, b.PaidFen, q.one(`SELECT coalesce(sum(p.amount_fen), 0) FROM online_payment p JOIN payment_intent i ON i.id = p.intent_id
				WHERE i.own_no = $1`, b.OutTradeNo), "%s %s is known once and in full", vendor, b.OutTradeNo)
		}
		require.NotZero(h.t, paid, vendor)
		require.Equal(h.t, sum, q.one(`SELECT coalesce(sum(amount_fen), 0) FROM online_payment WHERE method = $1`, vendor), "nothing that %s does not know", vendor)
	}
	require.Zero(h.t, q.one(`SELECT count(*) FROM orders o WHERE o.payment = 'settled' AND o.amount_fen <>
		  (SELECT coalesce(sum(p.amount_fen), 0) FROM online_payment p WHERE p.order_id = o.id AND p.suspense = '')
		+ (SELECT coalesce(sum(a.amount_fen * CASE WHEN a.reverses IS NULL THEN 1 ELSE -1 END), 0) FROM allocation a
		   JOIN receivable r ON r.id = a.receivable_id WHERE r.order_id = o.id)`), "orders settled by more or less than their price")
	require.NotZero(h.t, q.one(`SELECT count(*) FROM allocation`), "transfers")

	var invoices []struct {
		OrderNo string `json:"order_no"`
		Red     bool
		Status  string
	}
	h.sim(http.MethodGet, "invoice", "/_sim/invoices", nil, &invoices)
	issued := 0
	for _, v := range invoices {
		if v.Status == "2" && !v.Red {
			issued++
		}
	}
	require.Equal(h.t, q.one(`SELECT count(*) FROM orders WHERE payment = 'settled'`), issued, "one invoice for each order paid")
	require.Equal(h.t, issued, q.one(`SELECT count(*) FROM invoice WHERE state = 'issued'`))
}

// checkSentOnce looks for an SMS that somebody got twice: the vendor can be asked what became of one.
func (h *house) checkSentOnce() {
	h.t.Helper()
	seen := map[sent]bool{}
	for _, m := range h.messages() {
		if m.Channel != "sms" || m.Template == "login_code" {
			continue
		}
		require.False(h.t, seen[m], "twice: %+v", m)
		seen[m] = true
	}
}

// upset has a share of all calls and notices of every vendor go wrong.
func (h *house) upset(rate float64) {
	h.t.Helper()
	for _, vendor := range []string{"wechat", "alipay", "identity", "telecom", "sms", "invoice"} {
		for _, kind := range []string{"delay", "duplicate", "reorder", "forge", "5xx", "timeout_then_success"} {
			h.sim(http.MethodPost, vendor, "/_sim/faults", map[string]any{"vendor": vendor, "kind": kind, "rate": rate}, nil)
		}
	}
}

// sim calls a control of the simulators.
func (h *house) sim(method, vendor, path string, in, out any) {
	h.t.Helper()
	raw, err := os.ReadFile(h.demoFile("ports.json"))
	require.NoError(h.t, err)
	ports := map[string]string{}
	require.NoError(h.t, json.Unmarshal(raw, &ports))
	body, err := json.Marshal(in)
	require.NoError(h.t, err)
	req, err := http.NewRequestWithContext(h.t.Context(), method, strings.TrimSuffix(ports[vendor], "/")+path, bytes.NewReader(body))
	require.NoError(h.t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(h.t, err)
	defer func() { require.NoError(h.t, res.Body.Close()) }()
	require.Less(h.t, res.StatusCode, 300, "%s %s", method, path)
	if out != nil {
		require.NoError(h.t, json.NewDecoder(res.Body).Decode(out))
	}
}

func (h *house) demoFile(name string) string { return filepath.Join(h.data, "demo", name) }

// killDatabase kills the whole database server; the demo starts it again.
func (h *house) killDatabase() {
	h.t.Helper()
	cluster, err := pg.FindCluster(h.t.Context(), h.data)
	require.NoError(h.t, err)
	raw, err := os.ReadFile(filepath.Join(cluster.Folder(), "data", "postmaster.pid"))
	require.NoError(h.t, err)
	pid, err := strconv.Atoi(strings.SplitN(string(raw), "\n", 2)[0])
	require.NoError(h.t, err)
	require.NoError(h.t, syscall.Kill(pid, syscall.SIGKILL))
}

// helper is a program that runs beside the house.
type helper struct {
	cmd *exec.Cmd
	log bytes.Buffer
}

func (h *house) begin(ctx context.Context, program string, args ...string) *helper {
	h.t.Helper()
	p := &helper{cmd: exec.CommandContext(ctx, filepath.Join(h.bin, program), args...)}
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	require.NoError(h.t, p.cmd.Start())
	h.t.Cleanup(func() {
		p.stop()
		if h.t.Failed() {
			h.t.Logf("%s: %s", program, p.log.String())
		}
	})
	return p
}

func (p *helper) stop() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Signal(syscall.SIGINT)
		_ = p.cmd.Wait()
	}
}

// query asks the house's database.
type query struct {
	t    *testing.T
	ctx  context.Context
	conn *pgx.Conn
}

func (h *house) query(ctx context.Context) *query {
	h.t.Helper()
	cluster, err := pg.FindCluster(ctx, h.data)
	require.NoError(h.t, err)
	conn, err := pgx.Connect(ctx, cluster.DSN(pg.RoleSuper))
	require.NoError(h.t, err)
	q := &query{h.t, ctx, conn}
	h.t.Cleanup(q.close)
	return q
}

func (q *query) close() { _ = q.conn.Close(context.Background()) }

// one returns the number a statement yields.
func (q *query) one(sql string, args ...any) int {
	q.t.Helper()
	var n int
	require.NoError(q.t, q.conn.QueryRow(q.ctx, sql, args...).Scan(&n), sql)
	return n
}

// list returns a column of texts in one line.
func (q *query) list(sql string) string {
	q.t.Helper()
	rows, err := q.conn.Query(q.ctx, sql)
	require.NoError(q.t, err, sql)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(q.t, err, sql)
	return strings.Join(all, ", ")
}
