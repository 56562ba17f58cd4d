package clock

import (
	"sync"
	"testing"
	"time"
)

// Both kinds of clock agree with the monotonic clock to a thousandth, as far as
// the scheduler lets a test see: of many readings the best one counts.
func TestAgrees(t *testing.T) {
	for name, c := range map[string]Clock{"counter": Start(), "monotonic": {base: time.Now()}} {
		least := time.Hour
		for range 100 {
			time.Sleep(200 * time.Microsecond)
			before := time.Since(c.Base())
			now := time.Duration(c.Now())
			after := time.Since(c.Base())
			off := max(before-now, now-after, 0)
			least = min(least, off)
		}
		if least > 20*time.Microsecond {
			t.Errorf("%s (scale %d): off by %v after %v", name, c.scale, least, time.Since(c.Base()))
		}
	}
}

// Time never goes back, whichever processor reads it: goroutines hand a reading
// on, and each must find a later one.
func TestNeverGoesBack(t *testing.T) {
	c := Start()
	var wg sync.WaitGroup
	ring := make([]chan int64, 4)
	for i := range ring {
		ring[i] = make(chan int64, 1)
	}
	ring[0] <- 0
	for i := range ring {
		wg.Go(func() {
			for range 5000 {
				last := <-ring[i]
				now := c.Now()
				if now < last {
					t.Errorf("%d after %d", now, last)
				}
				ring[(i+1)%len(ring)] <- now
			}
		})
	}
	wg.Wait()
}

func BenchmarkNow(b *testing.B) {
	for name, c := range map[string]Clock{"counter": Start(), "monotonic": {base: time.Now()}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c.Now()
			}
		})
	}
}
