// Package tiertest is what the tests of tiers share that start processes and mount file
// systems.
package tiertest

import (
	"os"
	"testing"
)

// Must ends the test on an error: v := Must(call())(t).
func Must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Check ends the test on an error.
func Check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Self returns the command line of the test binary as the process that plays a role:
// its TestMain finds the role as the first argument.
func Self(role string) []string {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return []string{exe, role}
}
