package vm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/vm/wire"
)

// Cell is one experiment.
type Cell struct {
	Kernel string `json:"kernel"` // a name of package kernel
	FS     string `json:"fs"`     // file system of the guest
	Method string `json:"method"` // how the power is cut
}

// Workload is what runs in the guest.
type Workload struct {
	// Worker are the arguments with which the lab's program runs Program on the folder
	// StoreDir. It prints a line "begin ID" before each write and "ack ID" after it, where
	// ID is the number of the write. After each line it reads one byte.
	Worker []string
	// Check are the arguments with which the lab's program judges the store in StoreDir by
	// the history in HistoryFile. The position of the cut is appended. The program prints
	// an oracle.Verdict as JSON.
	Check   []string
	Program *program.Program // what the worker runs; it stands in ProgramFile
	States  int              // how many crash states of a recorded disk to explore
	Seed    uint64           // of their choice
	// LogHeader, if set, says whether a file that begins with these bytes is a segment of
	// the engine's log. Without it method wal-header does not apply.
	LogHeader func(start []byte) bool
	// Enough, if set, ends the exploration at the first broken rule that it accepts. It is
	// for callers who only ask whether there is such a violation.
	Enough func(broken *oracle.Violation) bool
}

// Where the programs of a workload find things in the guest.
const (
	dataDisk    = "data"     // name of the drive with the store
	dataDevice  = "/dev/vdb" // its device
	logDevice   = "/dev/vdc" // of the disk on which the guest may log its writes
	mountDir    = "/mnt"
	StoreDir    = mountDir + "/store"
	ProgramFile = "/tmp/program.txt"
	HistoryFile = "/tmp/history.jsonl"
)

// ErrNotApplicable is the error of a method that has nothing to cut with this
// engine.
var ErrNotApplicable = errors.New("not applicable")

// RuleMount is broken when the file system can't be mounted after the cut.
const RuleMount oracle.Rule = "mount"

// Judged is one crash state with its verdict.
type Judged struct {
	Cut     oracle.Cut
	State   string          // in words: how the disk came to be so
	Choices explore.Choices // of a recorded disk: the choices that make the state
	Verdict oracle.Verdict
}

// Outcome is what a cell found.
type Outcome struct {
	History  *oracle.History
	Explored int // crash states
	Distinct int // of different content, each judged once
	Judged   []Judged
}

// Broken returns the states with a finding.
func (o *Outcome) Broken() []Judged {
	var broken []Judged
	for _, j := range o.Judged {
		if j.Verdict.Broken != nil {
			broken = append(broken, j)
		}
	}
	return broken
}

// experiment is a cell under way.
type experiment struct {
	lab      *Lab
	ctx      context.Context
	cell     Cell
	method   method
	fs       fileSystem
	workload Workload
}

// Run does one cell. Its machines are gone when it returns.
func (l *Lab) Run(ctx context.Context, c Cell, w Workload) (*Outcome, error) {
	m, err := lookupMethod(c.Method)
	if err != nil {
		return nil, err
	}
	fs, err := lookupFileSystem(c.FS)
	if err != nil {
		return nil, err
	}
	x := &experiment{lab: l, ctx: ctx, cell: c, method: m, fs: fs, workload: w}
	o, err := m.run(x)
	if err != nil {
		return nil, fmt.Errorf("cell %s: %w", c, err)
	}
	return o, nil
}

// boot boots a machine of the cell on the disk with the store.
func (x *experiment) boot(data drive) (*machine, error) {
	log, err := memoryFile()
	if err != nil {
		return nil, err
	}
	defer release(log) // QEMU has it open
	return x.bootWith(data, log)
}

// bootMeanwhile boots another machine on that disk while the caller works with the first
// one. Until judge returns the machine, it only looks for partitions, and it drops what it
// has cached of the disk before it mounts the disk. In a cold lab it also runs the lab's
// program once, so that the check starts faster. end ends the machine.
func (x *experiment) bootMeanwhile(data drive) (judge func() (*machine, error), end func()) {
	type booted struct {
		m   *machine
		err error
	}
	ready := make(chan booted, 1)
	ctx, cancel := context.WithCancel(x.ctx)
	aside := *x
	aside.ctx = ctx
	go func() {
		m, err := aside.boot(data)
		if err == nil && x.lab.options.Cold {
			err = x.lab.warmUp(m)
		}
		ready <- booted{m, err}
	}()
	judge = sync.OnceValues(func() (*machine, error) {
		b := <-ready
		return b.m, b.err
	})
	return judge, func() {
		cancel()
		if m, _ := judge(); m != nil {
			m.kill()
		}
	}
}

// bootWith is boot with a file for the disk on which the guest logs its writes.
func (x *experiment) bootWith(data drive, log *os.File) (*machine, error) {
	data.Name = dataDisk
	return x.lab.boot(x.ctx, x.cell.Kernel, x.fs, data, log)
}

// newFile returns an empty file system in a file without a name: in memory, or in
// the folder for temporary files.
func (x *experiment) newFile(onDisk bool) (*os.File, error) {
	if !onDisk {
		return x.fs.format(x.ctx, memoryFile)
	}
	return x.fs.format(x.ctx, unlinkedFile)
}

// planned returns the number of the event at which a share of the planned writes
// has begun.
func (x *experiment) planned(share float64) int {
	n := 0
	for _, s := range x.workload.Program.Steps {
		if s.Kind == program.Write {
			n++
		}
	}
	writes := max(1, int(share*float64(n)))
	return 2*writes - 1 // each write has a line before and one after
}

// String names the cell.
func (c Cell) String() string { return c.Kernel + "/" + c.FS + "/" + c.Method }

// mount mounts the store's file system from device.
func (x *experiment) mount(m *machine, device string) error {
	// The kernel may have cached an earlier content of the disk.
	if _, err := m.do(wire.Request{Drop: device}); err != nil {
		return err
	}
	_, err := m.do(wire.Request{Mount: &wire.Mount{
		Device: device, Dir: mountDir, FS: x.fs.name, Options: x.fs.options,
	}})
	return err
}

// start mounts the file system from device and lets the worker run on it.
func (x *experiment) start(m *machine, device string) error {
	if err := x.mount(m, device); err != nil {
		return err
	}
	text := []byte(x.workload.Program.String())
	if _, err := m.do(wire.Request{Write: &wire.File{Path: ProgramFile, Data: text}}); err != nil {
		return err
	}
	_, err := m.do(wire.Request{Start: x.lab.program(x.workload.Worker)})
	return err
}

// workerStatus waits until the worker has ended, and says whether it succeeded. If not, it
// also returns a text for an error.
func workerStatus(m *machine) (words string, ok bool) {
	r, err := m.do(wire.Request{Wait: true})
	if err != nil {
		return ": " + err.Error(), false
	}
	return fmt.Sprintf(": exit status %d, %s", r.Exit, strings.TrimSpace(string(r.Stderr))), r.Exit == 0
}

// putHistory writes the history by which a store is judged into the machine.
func putHistory(m *machine, h *oracle.History) error {
	var text bytes.Buffer
	if err := h.Encode(&text); err != nil {
		return err
	}
	_, err := m.do(wire.Request{Write: &wire.File{Path: HistoryFile, Data: text.Bytes()}})
	return err
}

// judge mounts the file system that a cut left, lets the lab's program judge the store on it,
// and unmounts it.
func (x *experiment) judge(m *machine, device string, cut oracle.Cut) (v oracle.Verdict, err error) {
	if err := x.mount(m, device); err != nil { // the cut may have left nothing to mount
		v.Broken = &oracle.Violation{Rule: RuleMount, Detail: err.Error()}
		return v, nil
	}
	args := append(append([]string{}, x.workload.Check...), strconv.FormatInt(cut.Position, 10))
	r, err := m.do(wire.Request{Run: x.lab.program(args)})
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(r.Output, &v); err != nil || r.Exit > 1 {
		return v, fmt.Errorf("the check in the guest gave no verdict: exit status %d, %s", r.Exit, strings.TrimSpace(string(r.Stderr)))
	}
	_, err = m.do(wire.Request{Unmount: mountDir})
	return v, err
}
