package main

import (
	"encoding/json"
	"os"
	"testing"

	"lsmlab/powerfail/netsim"
)

// TestStaleRead runs the stale read of etcd issue 20418, drawn up by hand: the request of
// member 2 for an index comes twice, and an answer to its first heartbeats comes late.
// Between them lies the read of a leader that is cut off, which that answer confirms. The
// test of that name in netsim runs it over the version that mends it.
func TestStaleRead(t *testing.T) {
	text, err := os.ReadFile("../testdata/retried.json")
	if err != nil {
		t.Fatal(err)
	}
	s := &netsim.Schedule{}
	if err := json.Unmarshal(text, s); err != nil {
		t.Fatal(err)
	}
	o := netsim.Options{Open: open, Core: newCore}
	r := netsim.Run(o, s)
	if r.Broken == nil || r.Broken.Rule != "stale" {
		t.Errorf("%v, want a stale read\n%s", r.Broken, netsim.Diagram(o, s))
	}
	if small := netsim.Shrink(o, s); len(small.Events) > 12 {
		t.Errorf("shrunk to %d events, want at most 12", len(small.Events))
	}
}
