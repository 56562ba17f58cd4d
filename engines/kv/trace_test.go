package kv

import "testing"

func TestTrace(t *testing.T) {
	var none *Trace
	none.Step("nothing")
	none.End()

	var trace Trace
	trace.End() // nothing to end
	trace.Step("first")
	trace.Step("second")
	trace.End()
	trace.End()
	if len(trace.Steps) != 2 || trace.Steps[0].Name != "first" || trace.Steps[1].Name != "second" {
		t.Fatalf("%+v", trace.Steps)
	}
	first, second := trace.Steps[0], trace.Steps[1]
	if first.End != second.Start || second.End.Before(second.Start) {
		t.Errorf("steps do not follow each other: %+v", trace.Steps)
	}
}
