package chart

import (
	"fmt"
	"math"

	"lsmlab/harness/stat"
)

// How to read a chart. It is said once for a group of charts.
const (
	ReadDots  = " Marker: median of the rounds. Small dots: every round."
	ReadLooks = " Filled markers and solid lines are variants of lsmlab's own core, hollow markers and dashes are peers."
)

// Whiskers says what the whiskers of a chart are, in a short form and in full.
func Whiskers(sums []stat.Summary) (short, long string) {
	n, confidence := math.MaxInt, 1.0
	for _, s := range sums {
		if s.N() > 0 {
			n, confidence = min(n, s.N()), min(confidence, s.Confidence)
		}
	}
	switch {
	case n == math.MaxInt:
		return "", ""
	case n == 1:
		return "no interval", "One round has no interval."
	case n < 6:
		return "whiskers: range", fmt.Sprintf("Whiskers: the range of the rounds, which holds the true median with %.3g%% confidence (95%% takes 6 rounds).", 100*confidence)
	}
	return "whiskers: 95% CI", fmt.Sprintf("Whiskers: confidence interval of the median, %.3g%% or more.", 100*confidence)
}
