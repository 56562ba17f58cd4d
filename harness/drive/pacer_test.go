package drive

import (
	"slices"
	"testing"
	"time"
)

// Waits are never early, and half of them end within 5 ms: some 30 us on an idle
// machine, but tests share their cores.
func TestPacer(t *testing.T) {
	p, err := newPacer()
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	base := time.Now()
	clock := func() int64 { return int64(time.Since(base)) }
	var late []time.Duration
	for i := range int64(60) {
		at := clock() + 5000 + i*20_000
		if err := p.waitUntil(at, clock); err != nil {
			t.Fatal(err)
		}
		over := clock() - at
		if over < 0 {
			t.Fatalf("%d ns early", -over)
		}
		late = append(late, time.Duration(over))
	}
	slices.Sort(late)
	t.Logf("late: median %v, p90 %v, max %v", late[30], late[54], late[59])
	if late[30] > 5*time.Millisecond {
		t.Errorf("half of the waits were over %v late", late[30])
	}
}
