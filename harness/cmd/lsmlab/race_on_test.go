//go:build race

package main

// detectorFactor is how many times the memory of a program its race detector may make it
// take: 5 to 10, as the detector's documentation says.
const detectorFactor = 10
