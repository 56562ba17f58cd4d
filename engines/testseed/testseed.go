// Package testseed gives random tests a fresh seed in each run, and prints the one line
// that runs the test again with that seed:
//
//	LSMLAB_SEED=42 go test ./engines/lsm -run '^TestCrashInOpen$'
//
// The line is in the log of every test that fails, and of every test under -v. A test
// keeps a fixed seed only if the seed is essential: for a regression that was found
// with it, for a golden file, or for a statistic whose threshold was chosen for it.
package testseed

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// variable is the environment variable that gives the seed of a run.
const variable = "LSMLAB_SEED"

// New returns the seed for t: the value of variable, or else a fresh one. It logs the
// line that runs t again with this seed. A test draws one seed and derives all others
// from it, so that the line repeats the whole test.
func New(t testing.TB) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if s := os.Getenv(variable); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("%s: %v", variable, err)
		}
	}
	t.Logf("again: %s=%d %s", variable, seed, Command(t))
	return seed
}

// Rand returns a source whose seed is that of [New].
func Rand(t testing.TB) *rand.Rand {
	t.Helper()
	return rand.New(rand.NewPCG(New(t), 0))
}

// Inputs adds n fresh inputs of up to size random bytes to a fuzz target, beside the
// fixed ones. So `go test` tries new inputs in each run.
func Inputs(f *testing.F, n, size int) {
	f.Helper()
	rng := Rand(f)
	for range n {
		f.Add(randomBytes(rng, size))
	}
}

// Damaged adds n fresh copies of a valid input to a fuzz target. In each, a few bytes
// are changed, and sometimes a piece is cut out. Such inputs pass the first checks of a
// decoder, which random bytes never do.
func Damaged(f *testing.F, n int, valid []byte) {
	f.Helper()
	rng := Rand(f)
	for range n {
		f.Add(damage(rng, valid))
	}
}

func damage(rng *rand.Rand, valid []byte) []byte {
	data := slices.Clone(valid)
	for n := 1 + rng.IntN(4); n > 0 && len(data) > 0; n-- {
		at := rng.IntN(len(data))
		if data[at] ^= 1 << rng.IntN(8); rng.IntN(4) == 0 {
			data = slices.Delete(data, at, at+rng.IntN(len(data)-at)+1)
		}
	}
	return data
}

// randomBytes returns 1 to size random bytes of rng.
func randomBytes(rng *rand.Rand, size int) []byte {
	data := make([]byte, 1+rng.IntN(size))
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	return data
}

// Command returns the line that runs t alone, from the root of the module, with the
// build tags of this test.
func Command(t testing.TB) string {
	words := "go test"
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, s := range build.Settings {
			switch {
			case s.Key == "-tags" && s.Value != "":
				words += " -tags " + s.Value
			case s.Key == "-race" && s.Value == "true":
				words += " -race"
			}
		}
	}
	return fmt.Sprintf("%s %s -run '^%s$'", words, folder, strings.ReplaceAll(t.Name(), "/", "$/^"))
}

// folder is the folder of the package under test, relative to the root of the module.
// go test starts tests in that folder.
var folder = func() string {
	dir, err := os.Getwd()
	if err != nil {
		return "."
	}
	for root := dir; root != filepath.Dir(root); root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			rel, _ := filepath.Rel(root, dir) // both are absolute
			return "./" + filepath.ToSlash(rel)
		}
	}
	return "." // a test binary that runs outside of the checkout
}()
