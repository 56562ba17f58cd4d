// Package telemetry says what a server does. It has Prometheus metrics of requests,
// engine and Go runtime, and sends OpenTelemetry traces by OTLP.
package telemetry

import (
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"lsmlab/engines/kv"
	"lsmlab/harness/httpd/conns"
	"lsmlab/harness/httpd/resp"
	"lsmlab/harness/httpd/rest"
	"lsmlab/harness/httpd/rpc"
)

// buckets of latencies, in seconds: 50 µs to 10 s.
var buckets = []float64{5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// Metrics are the metrics of one server.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec // route, method, code
	calls    *prometheus.HistogramVec // procedure, code

	// requestsOf and commands avoid the lookup of labels, which costs more than an
	// observation.
	requestsOf sync.Map                      // requestLabels -> prometheus.Observer
	commands   map[string]prometheus.Counter // of the Redis protocol
}

type requestLabels struct {
	route, method string
	status        int
}

// NewMetrics returns the metrics of a server of the named engine. It calls counters at
// each scrape.
func NewMetrics(engine string, counters func() kv.Metrics, ready func() error) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "lsmlab_http_request_duration_seconds", Help: "Time from the header of a request to the end of its answer.",
			Buckets: buckets,
		}, []string{"route", "method", "code"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "lsmlab_rpc_duration_seconds", Help: "Time of a gRPC call.", Buckets: buckets,
		}, []string{"procedure", "code"}),
		commands: map[string]prometheus.Counter{},
	}
	commands := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "lsmlab_redis_commands_total", Help: "Commands by the Redis protocol.",
	}, []string{"command"})
	for _, name := range resp.Commands() {
		m.commands[name] = commands.WithLabelValues(name)
	}
	m.registry.MustRegister(m.requests, m.calls, commands,
		&engineCollector{counters: counters, ready: ready},
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "lsmlab_info", Help: "1, with the engine's name.", ConstLabels: prometheus.Labels{"engine": engine},
		}, func() float64 { return 1 }),
		collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.MetricsGC, collectors.MetricsScheduler)),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Transactions adds a metric of how many transactions of clients are open. It calls open
// at each scrape.
func (m *Metrics) Transactions(open func() int64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "lsmlab_transactions", Help: "Transactions of clients that are open.",
	}, func() float64 { return float64(open()) }))
}

// Held adds metrics of the memory that is held for clients. It calls held at each
// scrape.
func (m *Metrics) Held(held func() (answers, requests int64)) {
	gauge := func(of string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "lsmlab_held_bytes", Help: "Bytes of large answers and requests in memory.", ConstLabels: prometheus.Labels{"of": of},
		}, value)
	}
	m.registry.MustRegister(
		gauge("answers", func() float64 { answers, _ := held(); return float64(answers) }),
		gauge("requests", func() float64 { _, requests := held(); return float64(requests) }))
}

// Front adds metrics of the connections of a front. It calls counts at each scrape.
func (m *Metrics) Front(name string, counts func() conns.Counts) {
	labels := prometheus.Labels{"front": name}
	figure := func(name, help string, of func(conns.Counts) int64) prometheus.Collector {
		value := func() float64 { return float64(of(counts())) }
		if strings.HasSuffix(name, "_total") {
			return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels}, value)
		}
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, value)
	}
	m.registry.MustRegister(
		figure("lsmlab_connections", "Connections that are open.", func(c conns.Counts) int64 { return c.Open }),
		figure("lsmlab_connections_accepted_total", "Connections accepted.", func(c conns.Counts) int64 { return c.Accepted }),
		figure("lsmlab_connections_refused_total", "Connections over the limit.", func(c conns.Counts) int64 { return c.Refused }),
		figure("lsmlab_accepts_failed_total", "Accepts that failed and were tried again.", func(c conns.Counts) int64 { return c.Failed }))
}

// Handler answers scrapes.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Request records an answer over HTTP.
func (m *Metrics) Request(o rest.Observation) {
	labels := requestLabels{o.Route, o.Method, o.Status}
	h, ok := m.requestsOf.Load(labels)
	if !ok {
		h, _ = m.requestsOf.LoadOrStore(labels, m.requests.WithLabelValues(o.Route, o.Method, strconv.Itoa(o.Status)))
	}
	h.(prometheus.Observer).Observe(o.Took.Seconds())
}

// Call records an answer over gRPC.
func (m *Metrics) Call(o rpc.Observation) {
	m.calls.WithLabelValues(o.Procedure, o.Code).Observe(o.Took.Seconds())
}

// Command records a command of the Redis protocol, one of [resp.Commands].
func (m *Metrics) Command(name string) { m.commands[name].Inc() }
