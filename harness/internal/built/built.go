// Package built finds the programs of other modules that tests run. make builds them in
// bin/ of the checkout.
package built

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"lsmlab/engines/testneed"
)

// Program returns the path of bin/NAME. If there is none, the test fails under CI=true
// and is skipped elsewhere.
func Program(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.Getwd() // the folder of the test's package
	if err != nil {
		t.Fatal(err)
	}
	for !exists(filepath.Join(dir, "go.mod")) {
		if dir == filepath.Dir(dir) {
			t.Fatal("this test does not run in the checkout")
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "bin", name)
	if !exists(path) {
		testneed.Missing(t, fmt.Sprintf("no bin/%s: `make bin/%[1]s` builds it, once", name))
	}
	return path
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
