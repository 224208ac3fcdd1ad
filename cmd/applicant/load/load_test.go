package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/renew"
)

// options are a load on n certificates of each path, renewed by fn.
func options(t *testing.T, n int, fn func(context.Context, renew.Options) error) Options {
	t.Helper()
	dir := t.TempDir()
	list := "serial\tmedium\tpath\tholder\tnot_after\tkeys\n"
	for i := range n {
		list += fmt.Sprintf("a%d\t1\tonline\tx\t\tkeep\nb%d\t1\treviewed\tx\t\tkeep\n", i, i)
	}
	list += "c1\t1\tonline\tx\t\tcsr\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "certificates.tsv"), []byte(list), 0o600))
	return Options{
		Base: "http://127.0.0.1:1", Ukeys: filepath.Join(dir, "ukeys"), Orders: 2 * n, Rate: 10_000, Online: 0.5,
		Pay: map[string]int{"wechat": 1, "alipay": 1, "transfer": 1}, Timeout: time.Minute, Now: time.Now,
		Log: slog.New(slog.DiscardHandler), Robots: slog.New(slog.DiscardHandler), renew: fn,
	}
}

func TestEveryEndIsCounted(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	serials := map[string]string{}
	o := options(t, 4, func(_ context.Context, r renew.Options) error {
		mu.Lock()
		defer mu.Unlock()
		serials[r.Serial] = r.Path + " " + r.Pay
		r.Observe(renew.Call{Name: "POST /orders", Status: 201, Took: 40 * time.Millisecond})
		switch r.Serial {
		case "a0":
			r.Observe(renew.Call{Name: "POST /orders", Status: 409, Code: "telecom_mismatch", Took: 10 * time.Millisecond})
			return &renew.Problem{Status: 409, Code: "telecom_mismatch"}
		case "a1":
			return fmt.Errorf("wait: %w", renew.ErrTimedOut)
		case "a2":
			r.Observe(renew.Call{Name: "GET /orders/{no}"})
			return errors.New("broken")
		}
		return nil
	})
	r, err := Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, []int{8, 8, 5, 1, 1, 1}, []int{r.Orders, r.Started, r.Done, r.Refused, r.TimedOut, r.Failed})
	require.Equal(t, map[string]int{"409 telecom_mismatch": 1, "no answer": 1}, r.Problems)
	require.Len(t, r.Calls, 2)
	require.Equal(t, CallReport{"POST /orders", 1, Latency{9, 40, 40, 40, 40}}, r.Calls[1])
	require.Equal(t, 5, r.Renewals.N)
	require.Len(t, serials, 8, "each certificate once")
	for _, how := range serials {
		require.NotEqual(t, "online transfer", how)
	}
	require.NotContains(t, serials, "c1", "certificates that need a CSR are left alone")

	var out bytes.Buffer
	require.NoError(t, r.WriteJSON(&out))
	var back Report
	require.NoError(t, json.Unmarshal(out.Bytes(), &back))
	require.Equal(t, r.Calls, back.Calls)
	out.Reset()
	require.NoError(t, r.WriteTable(&out))
	for _, want := range []string{"p99 ms", "POST /orders  9       1      40", "done 5  refused 1  timed out 1  failed 1", "answer 409 telecom_mismatch: 1"} {
		require.Contains(t, out.String(), want)
	}
}

func TestOrdersBeginAtTheRateWhateverHappens(t *testing.T) {
	t.Parallel()
	began := time.Now()
	var mu sync.Mutex
	var starts []time.Duration
	gate := make(chan struct{})
	o := options(t, 5, func(context.Context, renew.Options) error {
		mu.Lock()
		if starts = append(starts, time.Since(began)); len(starts) == 10 {
			close(gate) // only now may the first one end
		}
		mu.Unlock()
		<-gate
		return nil
	})
	o.Rate = 100
	r, err := Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, 10, r.Done)
	require.GreaterOrEqual(t, starts[9], 90*time.Millisecond)
}

func TestNoMoreAreUnderWayThanMayBe(t *testing.T) {
	t.Parallel()
	var under, most atomic.Int64
	var once sync.Once
	full := make(chan struct{})
	o := options(t, 4, func(context.Context, renew.Options) error {
		n := under.Add(1)
		defer under.Add(-1)
		most.Store(max(most.Load(), n))
		if n == 3 {
			once.Do(func() { close(full) })
		}
		<-full
		time.Sleep(10 * time.Millisecond) // would a fourth begin, it would now
		return nil
	})
	o.Orders, o.AtOnce = 5, 3
	r, err := Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, 5, r.Done)
	require.EqualValues(t, 3, most.Load())
}

func TestSpentCertificatesAreReplaced(t *testing.T) {
	t.Parallel()
	o := options(t, 3, func(_ context.Context, r renew.Options) error {
		if r.Serial == "a0" || r.Serial == "b0" {
			return &renew.Problem{Status: 409, Code: "superseded"}
		}
		return nil
	})
	o.Orders = 4
	r, err := Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, 4, r.Done)
	o.Orders = 6
	r, err = Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, []int{4, 2}, []int{r.Done, r.Refused})
}

func TestStock(t *testing.T) {
	t.Parallel()
	o := options(t, 3, func(context.Context, renew.Options) error { return nil })
	o.Orders = 7
	_, err := Run(t.Context(), o)
	require.ErrorIs(t, err, ErrStock)
	require.ErrorContains(t, err, "caconsole demo --certificates")

	o.Out = t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(o.Out, "b1"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(o.Out, "b1", "sign.pem"), nil, 0o600))
	o.Orders = 6
	_, err = Run(t.Context(), o)
	require.ErrorIs(t, err, ErrStock, "what was renewed before is not there any more")
	o.Orders, o.Online = 5, 1
	r, err := Run(t.Context(), o)
	require.NoError(t, err, "the other path makes up for it")
	require.Equal(t, 5, r.Done)
	o.List = filepath.Join(o.Out, "none.tsv")
	_, err = Run(t.Context(), o)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestStopsWhenTold(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	o := options(t, 3, func(ctx context.Context, _ renew.Options) error { stop(); <-ctx.Done(); return ctx.Err() })
	o.Rate = 5
	r, err := Run(ctx, o)
	require.NoError(t, err)
	require.Equal(t, []int{1, 1}, []int{r.Started, r.Failed})
}

func TestLatency(t *testing.T) {
	t.Parallel()
	var all []time.Duration
	for i := 200; i > 0; i-- {
		all = append(all, time.Duration(i)*time.Millisecond)
	}
	require.Equal(t, Latency{200, 100, 190, 198, 200}, latency(all))
	require.Equal(t, Latency{1, 7, 7, 7, 7}, latency([]time.Duration{7 * time.Millisecond}))
	require.Zero(t, latency(nil))
}

func TestApplicantsComeFromManyAddresses(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	from := map[string]bool{}
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		mu.Lock()
		defer mu.Unlock()
		from[host] = true
	}))
	defer s.Close()
	l := &lines{}
	for _, n := range []int{0, 99, 100, 25_000, 25_001} {
		res, err := (&http.Client{Transport: l.of(n)}).Get(strings.Replace(s.URL, "127.0.0.1", "localhost", 1))
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
	}
	require.Equal(t, map[string]bool{"127.1.0.1": true, "127.1.0.2": true, "127.1.1.1": true}, from)
}
