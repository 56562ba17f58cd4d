package telemetry

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// Tracing sends traces to an OTLP receiver.
type Tracing struct{ provider *trace.TracerProvider }

// NewTracing sends traces to the receiver at address, such as http://127.0.0.1:4318. If
// the address has no path, the path is that of OTLP, /v1/traces. Of the requests whose
// caller does not say whether to trace them, the share ratio() is traced. The caller
// must call Close.
func NewTracing(ctx context.Context, address, engine string, ratio func() float64) (*Tracing, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("traces to %q: want a URL, as http://127.0.0.1:4318", address)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(u.String()))
	if err != nil {
		return nil, fmt.Errorf("traces to %s: %w", address, err)
	}
	return &Tracing{trace.NewTracerProvider(
		trace.WithBatcher(exporter),
		trace.WithSampler(trace.ParentBased(ratioSampler(ratio))),
		trace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "lsmlab"), attribute.String("lsmlab.engine", engine))),
	)}, nil
}

// ratioSampler samples by a ratio that may change.
type ratioSampler func() float64

// ShouldSample implements [trace.Sampler].
func (r ratioSampler) ShouldSample(p trace.SamplingParameters) trace.SamplingResult {
	return trace.TraceIDRatioBased(r()).ShouldSample(p)
}

// Description implements [trace.Sampler].
func (r ratioSampler) Description() string { return "ratio of the settings" }

// Wrap traces the requests that h answers. route names their spans. Requests without a
// name, such as probes and scrapes, are not traced.
func (t *Tracing) Wrap(h http.Handler, route func(*http.Request) string) http.Handler {
	return otelhttp.NewHandler(h, "",
		otelhttp.WithTracerProvider(t.provider),
		otelhttp.WithMeterProvider(noop.NewMeterProvider()),
		otelhttp.WithFilter(func(r *http.Request) bool { return route(r) != "" }),
		otelhttp.WithPropagators(propagation.TraceContext{}),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return r.Method + " " + route(r) }))
}

// Close sends the remaining traces and stops.
func (t *Tracing) Close(ctx context.Context) error { return t.provider.Shutdown(ctx) }
