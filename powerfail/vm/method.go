package vm

import (
	"fmt"
	"strings"
)

// method is a way to cut the power.
type method struct {
	name string
	does string // one line, for tables and help
	run  func(*experiment) (*Outcome, error)
}

// methods lists all, simple ones first.
func methods() []method {
	const half, late = 0.5, 0.95 // of the planned writes
	return []method{
		{"sigkill", "SIGKILL of QEMU in the middle of a write", cut{share: half, end: kill}.run},
		{"quit", "QMP quit in the middle of a write", cut{share: half, end: quit}.run},
		{"late", "QMP quit in a write after 95% of those planned", cut{share: late, end: quit}.run},
		{"reset", "QMP system_reset in the middle of a write", cut{share: half, end: reset, again: true}.run},
		{
			"stop-drop", "QMP stop, SIGKILL, and the host's cached pages of the disk dropped",
			cut{share: half, end: stopDrop, file: true}.run,
		},
		{
			"flakey-drop", "dm-flakey drops all writes from the middle on, then power off",
			cut{share: half, end: kill, mapped: true, fault: flakeyDrop, lies: true}.run,
		},
		{
			"flakey-error", "dm-flakey fails all writes from the middle on, then power off",
			cut{share: half, end: kill, mapped: true, fault: flakeyError}.run,
		},
		{
			"flakey-corrupt", "dm-flakey damages a byte of each write from the middle on, then power off",
			cut{share: half, end: kill, mapped: true, fault: flakeyCorrupt, lies: true, damages: true}.run,
		},
		{
			"flush-error", "QEMU's blkdebug fails every flush from the middle on, then power off",
			cut{share: half, end: kill, fault: flushError}.run,
		},
		{"log-writes", "dm-log-writes in the guest, replayed up to flushes, FUA writes and acks", logWrites},
		{"disk-log", "a disk served and recorded by this process, its states by choice", diskLog},
		{"two-logs", "as disk-log, with QEMU's blklogwrites as a second record, which must be the same", twoLogs},
		{"wal-header", "as disk-log, cut in the writes that hold the header of a WAL segment", walHeader},
	}
}

// Methods returns names and descriptions of all ways to cut the power.
func Methods() [][2]string {
	var list [][2]string
	for _, m := range methods() {
		list = append(list, [2]string{m.name, m.does})
	}
	return list
}

func lookupMethod(name string) (method, error) {
	var names []string
	for _, m := range methods() {
		if m.name == name {
			return m, nil
		}
		names = append(names, m.name)
	}
	return method{}, fmt.Errorf("no method %q; there are %s", name, strings.Join(names, ", "))
}
