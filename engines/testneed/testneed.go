// Package testneed decides what happens to a test that needs something which this
// machine lacks.
package testneed

import (
	"os"
	"testing"
)

// Missing ends a test that cannot run here. what says what is missing and how to get
// it. Under CI=true the test fails, because the Makefile installs there all that tests
// need. Elsewhere the test is skipped.
func Missing(t testing.TB, what any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}
