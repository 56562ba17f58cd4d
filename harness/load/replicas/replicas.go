// Package replicas is the model of capacity: how many instances of a server serve a peak.
package replicas

import "math"

// Headroom is the factor by which capacity exceeds the peak. It covers the loss of
// instances, uneven balancing, and growth until someone acts.
const Headroom = 1.3

// AsGiven is the formula of lsmlab's source, to the letter:
//
//	ceil(peak QPS x mean seconds per request / QPS of one instance) x 1.3
//
// Its units do not give a count. Requests/s times seconds are the requests in progress
// (Little's law), and these over requests/s are seconds again. The result is a count if
// "QPS of one instance" means the requests that one instance has in progress, or if a
// request takes one second. See [For].
func AsGiven(peakQPS, meanSeconds, instanceQPS float64) float64 {
	return math.Ceil(peakQPS*meanSeconds/instanceQPS) * Headroom
}

// For returns how many instances serve a peak with headroom, if each serves instanceQPS
// and the load is spread evenly.
func For(peakQPS, instanceQPS float64) float64 {
	return math.Ceil(peakQPS / instanceQPS * Headroom)
}

// Bare returns how many instances serve a peak without headroom.
func Bare(peakQPS, instanceQPS float64) float64 { return math.Ceil(peakQPS / instanceQPS) }
