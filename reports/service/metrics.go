package service

import (
	"lsmlab/harness/result"
	"lsmlab/harness/stat"
	"lsmlab/reports/chart"
)

// phaseMetric is one figure of a phase of a load cell. A figure of the whole cell is
// the same in all its phases.
type phaseMetric struct {
	key, name string
	label     string // of an axis, with the unit
	unit      chart.Unit
	of        func(c result.LoadCell, p result.LoadPhase) (v float64, ok bool)
}

var (
	unitPercent = chart.Unit{Name: "%", Steps: []chart.UnitStep{{Factor: 0.01, Suffix: "%"}}}
	unitCores   = chart.Unit{Name: "cores", Steps: chart.UnitPlain.Steps}
)

// latencyMetric returns the metric of a quantile, in nanoseconds.
func latencyMetric(name string, of func(l result.LoadLatency) int64) phaseMetric {
	return phaseMetric{name, name, "latency of a request", chart.UnitNanos, func(_ result.LoadCell, p result.LoadPhase) (float64, bool) {
		return float64(of(p.Latency)), p.Requests > 0
	}}
}

// shareMetric returns the metric of a share of the requests.
func shareMetric(key, name string, of func(p result.LoadPhase) int64) phaseMetric {
	return phaseMetric{key, name, "share of the requests", unitPercent, func(_ result.LoadCell, p result.LoadPhase) (float64, bool) {
		return stat.Share(of(p), p.Requests), p.Requests > 0
	}}
}

// cellMetric returns a metric of the whole cell.
func cellMetric(key, name, label string, u chart.Unit, of func(c result.LoadCell) float64) phaseMetric {
	return phaseMetric{key, name, label, u, func(c result.LoadCell, _ result.LoadPhase) (float64, bool) {
		v := of(c)
		return v, v > 0
	}}
}

var (
	requestRate = phaseMetric{"requests", "requests/s", "requests/s", chart.UnitCount, func(_ result.LoadCell, p result.LoadPhase) (float64, bool) {
		return p.RequestsPerS, p.Requests > 0
	}}
	arrivalRate = phaseMetric{"arrivals", "arrivals/s", "arrivals a second", chart.UnitCount, func(_ result.LoadCell, p result.LoadPhase) (float64, bool) {
		return p.Rate, true
	}}
	p50Latency      = latencyMetric("p50", func(l result.LoadLatency) int64 { return l.P50 })
	p95Latency      = latencyMetric("p95", func(l result.LoadLatency) int64 { return l.P95 })
	p99Latency      = latencyMetric("p99", func(l result.LoadLatency) int64 { return l.P99 })
	maxLatency      = latencyMetric("max", func(l result.LoadLatency) int64 { return l.Max })
	serverErrorRate = shareMetric("5xx", "5xx rate", func(p result.LoadPhase) int64 { return p.ServerErrors })
	refusedRate     = shareMetric("refused", "429/503 rate", func(p result.LoadPhase) int64 { return p.Refused })
	unexpectedRate  = shareMetric("unexpected", "other errors", func(p result.LoadPhase) int64 { return p.Unexpected })
	missedRate      = phaseMetric{"missed", "missed arrivals", "share of the arrivals", unitPercent, func(_ result.LoadCell, p result.LoadPhase) (float64, bool) {
		return p.Missed(), p.Requests > 0
	}}
	cpuPeak = cellMetric("cpu-peak", "peak CPU", "of the cores that the environment gives", unitPercent, func(c result.LoadCell) float64 {
		return c.CPUPeakCores / float64(max(c.CPULimit, 1))
	})
	cpuPerRequest = cellMetric("cpu-per-request", "CPU time of the server for a request", "CPU time for a request", chart.UnitNanos, func(c result.LoadCell) float64 {
		return c.CPUSeconds * 1e9 / float64(max(c.Requests(), 1))
	})
	serverRSS = cellMetric("rss", "peak resident memory of the server", "mapped pages of files included", chart.UnitBytes, func(c result.LoadCell) float64 {
		return float64(c.RSSPeakBytes)
	})
	// Only a sweep has sustained, which may really be zero.
	sustained = phaseMetric{"sustained", "highest sustained rate", "requests/s", chart.UnitCount, func(c result.LoadCell, _ result.LoadPhase) (float64, bool) {
		rate, _ := c.Sustainable()
		return rate, true
	}}
)

// summary summarizes a metric over the rounds that have the phase.
func (m phaseMetric) summary(cells []result.LoadCell, phase string) stat.Summary {
	var values []float64
	for _, c := range cells {
		for _, p := range c.Phases {
			if p.Name != phase {
				continue
			}
			if v, ok := m.of(c, p); ok {
				values = append(values, v)
			}
		}
	}
	return stat.Summarize(values)
}
