package app

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"caconsole/admin/flow"
	"caconsole/admin/pg"
)

// metrics is what Prometheus may ask.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
}

func newMetrics(db *pg.DB) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "caconsole_http_request_duration_seconds", Help: "Time to answer, by route pattern.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20},
		}, []string{"method", "route", "status"}),
	}
	gauge := func(name, help string, value func(pg.Connections) int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value(db.Connections())) })
	}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), m.requests,
		gauge("caconsole_db_connections_in_use", "Database connections in use.", func(c pg.Connections) int { return c.InUse }),
		gauge("caconsole_db_connections_open", "Database connections open.", func(c pg.Connections) int { return c.Open }),
		gauge("caconsole_db_connections_limit", "Most database connections there may be.", func(c pg.Connections) int { return c.Limit }),
	)
	return m
}

// watch adds what the signer is asked by: the database knows it, whichever process asked.
func (m *metrics) watch(f *flow.Flow) {
	gauge := func(name, help string, value func(context.Context) (int, error)) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
			defer cancel()
			n, err := value(ctx)
			if err != nil {
				return math.NaN()
			}
			return float64(n)
		})
	}
	m.registry.MustRegister(
		gauge("caconsole_signer_locked", "1 while the signer waits for its key officers or does not answer.", func(ctx context.Context) (int, error) {
			w, err := f.Issuance.Watched(ctx, f.DB.Read(ctx))
			if w.Blocked() {
				return 1, err
			}
			return 0, err
		}),
		gauge("caconsole_journal_findings", "What does not agree between database, journal and revocation list; 1000 stands for more.", func(ctx context.Context) (int, error) {
			return f.Issuance.OpenFindings(ctx, f.DB.Read(ctx), 1000)
		}),
	)
}

// measure is the middleware that times requests. The label is the pattern, never the path, which names orders.
func (m *metrics) measure(now func() time.Time) fiber.Handler {
	return func(c *fiber.Ctx) error {
		start := now()
		err := c.Next()
		status := c.Response().StatusCode()
		m.requests.WithLabelValues(c.Method(), c.Route().Path, strconv.Itoa(status)).Observe(now().Sub(start).Seconds())
		return err
	}
}

// handler serves the metrics, and the health checks for a process without a public app.
func (m *metrics) handler(ready func(*http.Request) error) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if ready(r) != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	return mux
}
