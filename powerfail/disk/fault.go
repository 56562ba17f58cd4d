package disk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// FaultKind is what a disk does wrong.
type FaultKind string

// The kinds of fault.
const (
	FailWrite FaultKind = "write"  // one write fails
	FailSync  FaultKind = "sync"   // one flush fails
	FailSpace FaultKind = "enospc" // the file system is full after so many bytes
)

// Fault is a failure of a recorded disk while the workload runs. The zero value is
// none.
type Fault struct {
	Kind FaultKind
	// N says which write or flush fails, from 1 on, counted from the workload's
	// beginning; with FailSpace, how many bytes are left for it.
	N int64
}

// ParseFault reads a fault such as write:3, sync:1 or enospc:64K.
func ParseFault(text string) (Fault, error) {
	kind, number, ok := strings.Cut(text, ":")
	f := Fault{Kind: FaultKind(kind)}
	unit := int64(1)
	if f.Kind == FailSpace {
		if n := strings.TrimSuffix(number, "K"); n != number {
			number, unit = n, 1<<10
		} else if n := strings.TrimSuffix(number, "M"); n != number {
			number, unit = n, 1<<20
		}
	}
	var err error
	f.N, err = strconv.ParseInt(number, 10, 64)
	known := f.Kind == FailWrite || f.Kind == FailSync || f.Kind == FailSpace
	if !ok || err != nil || !known || f.N < 1 || f.N > 1<<40 {
		return Fault{}, fmt.Errorf("fault %q: want write:N or sync:N (the Nth of the disk fails, from 1 on), or enospc:BYTES (so many are left), such as enospc:64K", text)
	}
	f.N *= unit
	return f, nil
}

// Set reads a fault as [ParseFault] does. With [Fault.String] it makes a fault the value
// of a flag.
func (f *Fault) Set(text string) (err error) {
	*f, err = ParseFault(text)
	return err
}

// Type names the kind of value in a command's help.
func (f *Fault) Type() string { return "fault" }

// String returns the fault as [ParseFault] reads it, "" for none.
func (f Fault) String() string {
	if f.Kind == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", f.Kind, f.N)
}

// fill makes a file beside the store's directory that leaves only as many free bytes in
// the file system as the fault says.
func (f Fault) fill(mounted string) (err error) {
	if f.Kind != FailSpace {
		return nil
	}
	name := filepath.Join(mounted, "ballast")
	b, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	size := int64(0)
	for step := int64(64 << 20); step >= 4096; {
		err := unix.Fallocate(int(b.Fd()), 0, size, step)
		switch {
		case err == nil:
			size += step
		case errors.Is(err, unix.ENOSPC):
			step /= 2
		default:
			return &os.PathError{Op: "fill", Path: name, Err: err}
		}
	}
	if size -= f.N; size < 0 {
		return fmt.Errorf("enospc:%d: the file system has room for %d bytes only: give a larger disk", f.N, size+f.N)
	}
	if err := b.Truncate(size); err != nil {
		return err
	}
	return b.Sync()
}

// failing counts down to the operation that fails. Until it is armed, no operation fails.
// It is safe for concurrent use.
type failing struct {
	fault Fault
	mu    sync.Mutex
	armed bool
	met   int64
}

func (f *failing) arm() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = true
}

// now says whether this operation is the one that fails, and counts it.
func (f *failing) now(kind FaultKind) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.armed || f.fault.Kind != kind {
		return false
	}
	f.met++
	return f.met == f.fault.N
}
