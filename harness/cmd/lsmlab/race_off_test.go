//go:build !race

package main

const detectorFactor = 1 // see race_on_test.go
