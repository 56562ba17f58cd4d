package sim

import (
	"context"
	"testing"

	"lsmlab/engines"
	"lsmlab/powerfail/explore"
)

// BenchmarkLong explores generated programs, the default long work, with all
// processors.
func BenchmarkLong(b *testing.B) {
	for _, engine := range append(engines.Own(), "pebble") {
		b.Run(engine, func(b *testing.B) {
			open := opener(b, engine)
			c := Campaign{Open: open, Profile: explore.PosixStrict, Seed: 1, States: int64(b.N), NoShort: true}
			total, err := c.Run(context.Background())
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(total.Distinct)/b.Elapsed().Seconds(), "states/s")
		})
	}
}
