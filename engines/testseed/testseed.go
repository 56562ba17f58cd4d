// Package testseed gives random tests a fresh seed in each run, and prints the
// one line that runs the test again with it:
//
//	LSMLAB_SEED=42 go test ./engines/lsm -run '^TestCrashInOpen$'
//
// The line is in the log of a test that fails, and of each under -v. Tests keep
// a fixed seed only where it is the point: a regression that was found with it,
// a golden file, a statistic whose threshold was chosen for it.
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

// Variable is the environment variable that gives the seed of a run.
const Variable = "LSMLAB_SEED"

// New returns the seed for t: that of [Variable], else a fresh one. It logs the
// line that runs t again with it. A test draws one seed and derives what else it
// needs, so that the line repeats all of it.
func New(t testing.TB) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if s := os.Getenv(Variable); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("%s: %v", Variable, err)
		}
	}
	t.Logf("again: %s=%d %s", Variable, seed, Command(t))
	return seed
}

// Rand returns a source with the seed that [New] gives.
func Rand(t testing.TB) *rand.Rand {
	t.Helper()
	return rand.New(rand.NewPCG(New(t), 0))
}

// Inputs adds n fresh inputs of up to size random bytes to a fuzz target, so that
// `go test` tries new ones in each run, beside those that are fixed.
func Inputs(f *testing.F, n, size int) {
	f.Helper()
	rng := Rand(f)
	for range n {
		f.Add(Bytes(rng, size))
	}
}

// Damaged adds n fresh copies of a valid input to a fuzz target, each with a few
// bytes changed and now and then a piece of it cut out: what random bytes never
// get by, a decoder's first look, these do.
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

// Bytes returns 1 to size random bytes of rng.
func Bytes(rng *rand.Rand, size int) []byte {
	data := make([]byte, 1+rng.IntN(size))
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	return data
}

// Command returns the line that runs t alone, from the root of the module, built
// as this test was.
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

// folder is that of the package under test, below the root of the module: go test
// starts tests in it.
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
