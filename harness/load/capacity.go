package load

import (
	"lsmlab/harness/result"
	"lsmlab/harness/stat"
)

// Instance is what one server of an engine in an environment was measured to sustain.
type Instance struct {
	Engine, Environment string
	// Rate is in requests/s, over rounds: the highest rate that kept the objective.
	Rate stat.Summary
	// LowerBound says that some round never broke its objective, or that the profile
	// did not look for the highest rate.
	LowerBound  bool
	MeanSeconds float64 // mean time of a request at that rate, the median over rounds
}

// Instances returns the measured instances of a load run, in the order of its plan.
// Those without figures are left out.
func Instances(l result.Load) (list []Instance) {
	for _, e := range l.Plan.Engines {
		for _, env := range l.Plan.Environments {
			i := Instance{Engine: e, Environment: env.Name}
			var rates, means []float64
			for _, c := range l.Cells {
				if !c.OK() || c.Engine != e || c.Environment != env.Name {
					continue
				}
				rate, mean, open := best(c)
				rates, means = append(rates, rate), append(means, mean)
				i.LowerBound = i.LowerBound || open
			}
			if len(rates) > 0 {
				i.Rate, i.MeanSeconds = stat.Summarize(rates), stat.Summarize(means).Median
				list = append(list, i)
			}
		}
	}
	return list
}

// best returns the highest rate at which a cell kept the objective, or 0, and the mean
// seconds of its requests.
func best(c result.LoadCell) (rate, mean float64, open bool) {
	if c.Sweep {
		rate, open = c.Sustainable()
	} else {
		open = true
		for _, p := range c.Phases {
			if c.Sustained(p) {
				rate = max(rate, p.RequestsPerS)
			}
		}
	}
	for _, p := range c.Phases {
		if p.RequestsPerS == rate {
			mean = float64(p.Latency.Mean) / 1e9
		}
	}
	return rate, mean, open
}
