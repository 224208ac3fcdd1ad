package app

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

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
