package adapter

import (
	"slices"
	"testing"
	"testing/synctest"
)

// TestBarrier: a read waits for the writes that run when it ends, whatever the order
// in which those end, and for none that begins later.
func TestBarrier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBarrier()
		var read []string
		reader := func(name string) {
			go func() { b.wait(); read = append(read, name) }()
			synctest.Wait()
		}
		expect := func(want ...string) {
			t.Helper()
			synctest.Wait()
			if slices.Sort(read); !slices.Equal(read, want) {
				t.Fatalf("%q have read, want %q", read, want)
			}
		}
		reader("a")
		expect("a")
		first := b.begin()
		second := b.begin()
		reader("b")
		expect("a")
		second()
		expect("a")
		third := b.begin()
		reader("c")
		first()
		expect("a", "b")
		fourth := b.begin()
		third()
		expect("a", "b", "c")
		fourth()
		reader("d")
		expect("a", "b", "c", "d")
	})
	(*barrier)(nil).wait()
}
