// Package machine reads what Linux and the Go runtime know of this process and of
// the machine that it runs on: below /proc and /sys, by getrusage and statfs, and
// from runtime/metrics.
//
// A figure that cannot be read is zero, and zero is documented as "not measured":
// a run must not stop because a kernel hides a counter. All functions are safe for
// concurrent use.
package machine
