package stat

import "math"

// Power is the probability with which a difference of the size of a resolution is shown.
const Power = 0.8

// noncentrality returns the true difference, in standard errors, that the two-sided t
// test at level Alpha shows with probability Power. It solves the power of the test,
// which is the tail of the noncentral t distribution (Johnson, Kotz, Balakrishnan,
// "Continuous Univariate Distributions", volume 2, chapter 31). The usual sum of two
// quantiles is 20% too large with three rounds.
func noncentrality(dof float64) float64 {
	critical := tQuantile(dof)
	low, high := 0.0, 4*critical
	for range 30 {
		middle := (low + high) / 2
		if tPower(middle, critical, dof) < Power {
			low = middle
		} else {
			high = middle
		}
	}
	return (low + high) / 2
}

// tPower returns the probability that the t statistic of a difference of delta standard
// errors is over critical in size. It integrates over the estimated standard error, s
// times the true one: s*s*dof has the chi-squared distribution. dof is at least 1.
func tPower(delta, critical, dof float64) float64 {
	const steps = 100
	gamma, _ := math.Lgamma(dof / 2)
	scale := math.Ln2 + dof/2*math.Log(dof/2) - gamma // logarithm of the constant factor of the density
	high := 1 + 8/math.Sqrt(dof)
	var sum, weight float64
	for i := range steps { // midpoints; the weights are divided out, so the error of the cut tail is
		s := (float64(i) + 0.5) / steps * high
		density := math.Exp(scale + (dof-1)*math.Log(s) - dof*s*s/2)
		sum += density * (normalCDF(delta-critical*s) + normalCDF(-delta-critical*s))
		weight += density
	}
	return sum / weight
}

func normalCDF(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
