package vfs_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// sumMapped reads a mapping the way engines do.
func sumMapped(name string, b []byte) (sum int, err error) {
	defer vfs.CatchFault(debug.SetPanicOnFault(true), name, &err)
	for _, c := range b {
		sum += int(c)
	}
	return sum, nil
}

// A file is really cut short under its mapping: the read past its end must be
// an error, the pages still there must read, and the setting must be as before.
func TestCatchFault(t *testing.T) {
	name := filepath.Join(t.TempDir(), "000001.sst")
	f, err := vfs.OS.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte(strings.Repeat("x", 3*os.Getpagesize())), 0); err != nil {
		t.Fatal(err)
	}
	m, err := f.Map()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Unmap()
	if _, err := sumMapped(name, m.Bytes()); err != nil {
		t.Fatalf("whole file: %v", err)
	}
	if err := os.Truncate(name, int64(os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	if _, err := sumMapped(name, m.Bytes()[:os.Getpagesize()]); err != nil {
		t.Errorf("page still there: %v", err)
	}
	_, err = sumMapped(name, m.Bytes())
	if !errors.Is(err, kv.ErrCorrupt) || !strings.Contains(err.Error(), name) {
		t.Errorf("page lost: %v, want ErrCorrupt naming the file", err)
	}
	if debug.SetPanicOnFault(false) {
		t.Error("the old setting was not restored")
	}
}

// Bugs must stay panics.
func TestCatchFaultLeavesBugsAlone(t *testing.T) {
	var none *[10]int
	for name, bug := range map[string]func(){
		"nil pointer": func() { none[3]++ },
		"index":       func() { i := 10; _ = make([]int, 3)[i] },
		"panic":       func() { panic("text") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: the panic was swallowed", name)
				}
			}()
			var err error
			defer vfs.CatchFault(debug.SetPanicOnFault(true), "file", &err)
			bug()
		}()
	}
}

func BenchmarkCatchFault(b *testing.B) {
	one := []byte{1}
	for b.Loop() {
		if _, err := sumMapped("file", one); err != nil {
			b.Fatal(err)
		}
	}
}
