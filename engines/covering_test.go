package engines

import (
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
	"lsmlab/engines/vfs"
)

// inMemory opens the small store of an engine on a disk in memory.
func inMemory(t testing.TB, name string) kvtest.Harness {
	t.Helper()
	info, err := Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return kvtest.InMemory(func(fs vfs.FS, dir string) (kv.Engine, error) {
		return info.Open(dir, Options{FS: fs, Small: true, Durability: kv.Synced})
	})
}

// TestCoveringConformance runs the suite of the contract over engines in which each two
// options meet at least once. A pair of options that spoil each other fails here, under
// a name that shows it again by hand.
func TestCoveringConformance(t *testing.T) {
	if testing.Short() {
		t.Skip("short runs have TestCoveringRandom, which does all operations too")
	}
	for _, name := range Covering(kv.Volatile) {
		t.Run(name, func(t *testing.T) { kvtest.Run(t, inMemory(t, name)) })
	}
}

// TestCoveringRandom compares the same engines with the model, crashes among the work.
func TestCoveringRandom(t *testing.T) {
	for _, name := range Covering(kv.Volatile) {
		t.Run(name, func(t *testing.T) { kvtest.RandomOf(t, inMemory(t, name), 3000) })
	}
}

// FuzzCovering lets the fuzzer choose the options too.
func FuzzCovering(f *testing.F) {
	var harnesses []kvtest.Harness
	for _, name := range Covering(kv.Volatile) {
		harnesses = append(harnesses, inMemory(f, name))
	}
	kvtest.Fuzz(f, harnesses...)
}
