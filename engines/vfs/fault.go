package vfs

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"lsmlab/engines/kv"
)

// CatchFault turns a memory fault in a mapping of the file called name into an error
// that wraps [kv.ErrCorrupt]. The function that reads the mapping defers it:
//
//	func (t *Table) read(...) (err error) {
//		defer vfs.CatchFault(debug.SetPanicOnFault(true), t.name, &err)
//
// A page of a mapping faults when the file was cut short or when the device cannot read
// it. Without this call, the process would end. restore is the setting that was in
// effect before, so calls may nest. Every other panic goes on, and so does the fault of
// a nil pointer, which is a bug of this program.
//
// A call costs about 18 ns (Xeon with 2 cores, Go 1.26, go test -bench CatchFault
// ./engines/vfs). So it guards the read of a block, not of a byte.
//
// It cannot tell a bad page from a view that is used after Unmap: both fault.
func CatchFault(restore bool, name string, err *error) {
	debug.SetPanicOnFault(restore)
	r := recover()
	if r == nil {
		return
	}
	fault, ok := r.(interface {
		runtime.Error
		Addr() uintptr
	})
	if !ok || fault.Addr() < pageSize {
		panic(r)
	}
	*err = fmt.Errorf("%w: %s: memory fault at %#x: the file was cut short or its device cannot read",
		kv.ErrCorrupt, name, fault.Addr())
}
