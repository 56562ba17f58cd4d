package vm

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"lsmlab/powerfail/oracle"
)

// cut is a method that ends the machine once and judges the content of its disk. The disk
// keeps all that it was given. So only writes are lost that the guest had in memory or
// that a fault swallowed.
type cut struct {
	share float64 // of the planned writes that begin before it happens
	// fault, if not nil, is called at the moment of the cut, while the worker waits. The
	// worker then runs to its end. Without a fault, the machine ends at that moment.
	fault func(*machine, fileSystem) error
	// lies is set if the disk reports success without doing what it was asked. Writes that
	// are acknowledged after the fault may then be lost, and this is no finding.
	lies bool
	// damages is set if the fault damages content. The engine must then report the damage or
	// return what was written. A loss that it reports is no finding.
	damages bool
	mapped  bool // the fault needs a device-mapper device over the disk
	file    bool // the disk is a file of the host's file system, not in memory
	end     func(*machine, *os.File) error
	again   bool // the machine is up again after end, and judges itself
}

func (c cut) run(x *experiment) (*Outcome, error) {
	disk, err := x.newFile(c.file)
	if err != nil {
		return nil, err
	}
	defer release(disk)
	data := drive{Source: fileSource{disk}}
	var judge func() (*machine, error)
	if !c.again {
		var end func()
		judge, end = x.bootMeanwhile(data)
		defer end()
	}
	m, err := x.boot(data)
	if err != nil {
		return nil, err
	}
	defer m.kill()
	r := newRecorder(x.workload.Program, counting())
	position, err := c.live(x, m, r)
	if err != nil {
		return nil, err
	}
	if err := c.end(m, disk); err != nil {
		return nil, err
	}
	if !c.again {
		if m, err = judge(); err != nil {
			return nil, err
		}
	}
	return c.verdict(x, m, r.history(asRecorded), oracle.Cut{Position: position, Kind: oracle.PowerOff})
}

// live runs the worker up to the end of this machine, and returns the position
// of the cut.
func (c cut) live(x *experiment, m *machine, r *recorder) (position int64, err error) {
	device := dataDevice
	if c.mapped {
		if device, err = mapDevice(m, x.fs); err != nil {
			return 0, err
		}
	}
	if err := x.start(m, device); err != nil {
		return 0, err
	}
	i := interrupts{at: x.planned(c.share)}
	var faultAt int64
	if c.fault == nil {
		i.running = func() error { return errCut }
	} else {
		i.held = func() error {
			faultAt = int64(r.events)
			return c.fault(m, x.fs)
		}
	}
	if err := r.follow(m.worker, i); err != nil {
		return 0, err
	}
	if r.events < i.at {
		status, _ := workerStatus(m)
		return 0, fmt.Errorf("the worker ended after %d of at least %d events%s", r.events, i.at, status)
	}
	if c.lies {
		return faultAt, nil
	}
	return int64(r.events), nil
}

// verdict judges the disk of the machine that came up after the cut.
func (c cut) verdict(x *experiment, m *machine, h *oracle.History, at oracle.Cut) (*Outcome, error) {
	if err := putHistory(m, h); err != nil {
		return nil, err
	}
	v, err := x.judge(m, dataDevice, at)
	if err != nil {
		return nil, err
	}
	if c.damages && v.Broken != nil && detected(v.Broken.Rule) {
		v.Broken = nil
	}
	return &Outcome{
		History: h, Explored: 1, Distinct: 1,
		Judged: []Judged{{Cut: at, State: x.method.does, Verdict: v}},
	}, nil
}

// detected says whether a broken rule means that damage was noticed, or may be
// mistaken for a write that the cut tore: a damaged end of a log looks the same.
func detected(r oracle.Rule) bool {
	switch r {
	case RuleMount, oracle.RuleOpen, oracle.RuleVerify, oracle.RuleUnreadable, oracle.RuleUnwritable, oracle.RuleLost:
		return true
	}
	return false
}

func kill(m *machine, _ *os.File) error {
	m.kill()
	return nil
}

func quit(m *machine, _ *os.File) error { return m.quit() }

func reset(m *machine, _ *os.File) error { return m.reset() }

// stopDrop freezes the machine, so that it does nothing while its memory is lost. It makes
// the next machine read the disk from where it is stored.
func stopDrop(m *machine, disk *os.File) error {
	if err := m.monitor("stop", nil); err != nil {
		return err
	}
	m.kill()
	if err := disk.Sync(); err != nil { // dirty pages can't be dropped
		return err
	}
	return unix.Fadvise(int(disk.Fd()), 0, 0, unix.FADV_DONTNEED)
}
