package workloads

import "math"

// Burst says that arrivals of an open loop come in bursts. In every period the fraction
// Share of the operations arrives in the first fraction Time of the period, evenly, and
// the others in the rest. The mean rate stays that of the plan.
type Burst struct {
	Period float64 `json:"period"` // seconds
	Share  float64 `json:"share"`  // of the operations
	Time   float64 `json:"time"`   // fraction of the period
}

func (b *Burst) valid() bool {
	return b.Period >= 0.001 && b.Period <= 86_400 && b.Share > 0 && b.Share < 1 && b.Time > 0 && b.Time < 1
}

// at returns when an operation arrives that would arrive at time t, in seconds, if all
// came evenly.
func (b *Burst) at(t float64) float64 {
	whole, part := math.Modf(t / b.Period)
	if part < b.Share {
		part *= b.Time / b.Share
	} else {
		part = b.Time + (part-b.Share)*(1-b.Time)/(1-b.Share)
	}
	return (whole + part) * b.Period
}

// Arrival returns the intended start of an operation of an open loop that would start at
// time t if all started evenly; both in seconds after the first.
func (w *Workload) Arrival(t float64) float64 {
	if w.spec.Burst == nil {
		return t
	}
	return w.spec.Burst.at(t)
}

// Bursty says that the workload means something in an open loop alone.
func (w *Workload) Bursty() bool { return w.spec.Burst != nil }
