package faults

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestTimeline: faults that come again, an instant, one that the end of the run
// cuts off, and one that it does not reach.
func TestTimeline(t *testing.T) {
	f := &File{Faults: []Fault{
		{Name: "hold", Kind: KindStop, Start: 10 * time.Second, Duration: 10 * time.Second, Every: 10 * time.Second, Times: 2},
		{Name: "kill", Kind: KindKill, Start: 20 * time.Second, Every: 15 * time.Second},
		{Name: "slow", Kind: KindDelay, Duration: time.Hour},
		{Name: "late", Kind: KindKill, Start: time.Minute},
	}}
	var got strings.Builder
	for _, e := range f.Timeline(time.Minute) {
		what := "end"
		if e.Begin {
			what = "begin"
		}
		fmt.Fprintf(&got, "%v %s %s %d\n", e.At, what, e.Fault.Name, e.Nth)
	}
	const want = `0s begin slow 0
10s begin hold 0
20s end hold 0
20s begin hold 1
20s begin kill 0
30s end hold 1
35s begin kill 1
50s begin kill 2
1m0s end slow 0
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", &got, want)
	}
}
