//go:build race

package main

// detectorFactor is how many times as much memory a program may take with the race
// detector as without: its documentation says 5 to 10.
const detectorFactor = 10
