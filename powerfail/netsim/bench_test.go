package netsim

import "testing"

// BenchmarkSchedules measures a campaign on all processors, of schedules of about 100
// events before the faults end and the judges have their say.
func BenchmarkSchedules(b *testing.B) {
	c := Campaign{Options: sound(b), Shape: Shape{Members: []int{3}, Ticks: 6}, Seed: 1, Schedules: uint64(b.N)}
	counts, found := c.Run(b.Context())
	if found != nil {
		b.Fatal(found)
	}
	b.ReportMetric(float64(counts.Schedules)/b.Elapsed().Seconds(), "schedules/s")
	b.ReportMetric(float64(counts.Events)/float64(counts.Schedules), "events/schedule")
}
