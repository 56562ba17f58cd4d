package service

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"lsmlab/engines/kv"
)

// view returns the engine for the calls of one operation, and a function to call
// afterwards. If ctx has a span that is recorded, the steps of the calls become
// children of that span. They are the steps that the engine reports, or the whole time
// for an engine that reports none.
func (e *engine) view(ctx context.Context) (*engine, func()) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return e, func() {}
	}
	var steps kv.Trace
	view := e
	if t, ok := e.Engine.(kv.Tracer); ok {
		view = newEngine(t.Traced(&steps))
	} else {
		steps.Step("engine")
	}
	return view, func() {
		steps.End()
		tracer := parent.TracerProvider().Tracer("lsmlab/engines")
		for _, s := range steps.Steps {
			_, span := tracer.Start(ctx, s.Name, trace.WithTimestamp(s.Start))
			span.End(trace.WithTimestamp(s.End))
		}
	}
}
