// Package testneed says what becomes of a test for which this machine lacks something.
package testneed

import (
	"os"
	"testing"
)

// Missing ends a test that cannot run here. what says what is missing and how to get it.
// Under CI=true, where the Makefile installs all that tests need, the test fails; elsewhere
// it is skipped.
func Missing(t testing.TB, what any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}
