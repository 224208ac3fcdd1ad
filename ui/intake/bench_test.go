package intake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/pg"
	"caconsole/admin/throttle"
)

// callers is how many applicants call at once.
const callers = 8

// BenchmarkIntake opens orders and asks where they stand, through the app and over HTTP, by 8 applicants at once. The
// peer is the same database taking single rows of about the same size, each in a transaction of its own: of-peer is how
// much of that rate is left once an order is checked, sealed, audited and queued for its jobs. BENCH.md has the figures.
func BenchmarkIntake(b *testing.B) {
	h := newHall(b)
	var turn sync.Mutex
	at := monday
	h.flow.Throttle = throttle.New(h.flow.DB, func() time.Time { // that asks, and never refuses
		turn.Lock()
		defer turn.Unlock()
		at = at.Add(time.Hour)
		return at
	})
	h.tx(func(ctx context.Context, tx pg.Tx) error {
		return h.flow.Projects.Set(ctx, tx, h.project, "one_at_a_time", "off", monday, monday)
	})
	w := &world{hall: h}
	applicants := make([]client, callers)
	for i := range applicants {
		applicants[i] = w.phoned().consent()
	}
	var peer float64
	b.Run("peer_row_inserted", func(b *testing.B) {
		peer = rate(b, func(int) error {
			_, err := h.flow.DB.Pool().Exec(b.Context(), `INSERT INTO inbox_callback (id, source, headers, body_sealed, state, received_at)
				VALUES ($1, 'bench', '{}', $2, 'received', $3)`, uuid.New(), append([]byte{1}, make([]byte, 1000)...), monday)
			return err
		})
	})
	var made []string
	b.Run("order_created", func(b *testing.B) {
		bodies := make([]map[string]any, b.N)
		for i := range bodies {
			bodies[i] = application(w.pair(-1, nil))
		}
		nos := make([]string, b.N)
		b.ResetTimer()
		got := rate(b, func(i int) error {
			var answer struct{ No string }
			err := ask(applicants[i%callers], http.MethodPost, "/api/v1/orders", bodies[i], http.StatusCreated, &answer)
			nos[i] = answer.No
			return err
		})
		b.ReportMetric(got/peer, "of-peer")
		made = nos
	})
	b.Run("order_asked_for", func(b *testing.B) {
		got := rate(b, func(i int) error {
			return ask(applicants[i%len(made)%callers], http.MethodGet, "/api/v1/orders/"+made[i%len(made)], nil, http.StatusOK, nil)
		})
		b.ReportMetric(got/peer, "of-peer")
	})
}

// ask makes one call. Unlike client.call it does not hold the answer against the description, which would be measured too.
func ask(c client, method, path string, body any, want int, into any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Idempotency-Key", uuid.NewString())
	res, err := pool.Do(req)
	if err != nil {
		return err
	}
	answer, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return err
	}
	if res.StatusCode != want {
		return fmt.Errorf("%s %s: %d %s", method, path, res.StatusCode, answer)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}

// pool keeps a connection for each caller.
var pool = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}

// rate has callers make b.N calls and reports how long one took and how many a second there were.
func rate(b *testing.B, call func(i int) error) (perSecond float64) {
	b.Helper()
	waits, errs := make([]time.Duration, b.N), make([]error, callers)
	start := time.Now()
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := c; i < b.N && errs[c] == nil; i += callers {
				begun := time.Now()
				errs[c] = call(i)
				waits[i] = time.Since(begun)
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	for _, err := range errs {
		require.NoError(b, err)
	}
	slices.Sort(waits)
	at := func(percent int) float64 { return float64(waits[(len(waits)-1)*percent/100].Microseconds()) / 1000 }
	perSecond = float64(b.N) / took.Seconds()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(perSecond, "per-s")
	b.ReportMetric(at(50), "p50-ms")
	b.ReportMetric(at(95), "p95-ms")
	return perSecond
}
