package files

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"lsmlab/engines/vfs"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/model"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/subject"
)

// LogName is the file of the log in a recording, and in the state of a finding.
const LogName = "operations.jsonl"

// scenario is what makes the crash state of a finding again, with its choices and its
// position, from the log.
type scenario struct {
	Strict  bool `json:"strict,omitempty"`
	Block   int  `json:"block,omitempty"` // bytes
	Garbage bool `json:"garbage,omitempty"`
	Kill    bool `json:"kill,omitempty"`
	Lies    bool `json:"lies,omitempty"`
	Died    bool `json:"died,omitempty"` // no state of a crash: the program did not end well by itself

	Program subject.Program `json:"program,omitzero"` // a person's own
	Fault   string          `json:"fault,omitempty"`
}

func (h *hunt) finding(weakest explore.Profile) (*rundir.Finding, error) {
	s := h.crash.state
	f := &rundir.Finding{
		Tier: Tier, Rule: h.broken.Rule, Detail: h.broken.Detail, Output: h.output, Depth: max(1, h.Depth), Weakest: weakest,
		Cut: oracle.Cut{Position: int64(h.crash.position), Kind: s.CutKind()}, Choices: s.Choices, Lost: h.losses(),
	}
	e := h.next(h.crash.position)
	f.Before = e.describe(h.at.names[e.File])
	for _, a := range h.Log.acks(h.crash.position) {
		f.Acked = append(f.Acked, rundir.Acked{ID: a.ID, Seconds: a.Seconds})
	}
	var err error
	if f.Files, err = h.outcomes(); err != nil {
		return nil, err
	}
	f.Scenario, err = json.Marshal(scenario{Strict: s.Strict, Block: s.BlockSize, Garbage: s.Garbage, Kill: s.ProcessCrash, Lies: h.at.lies})
	left, modes, logFile := h.again(), h.modes, h.LogFile
	f.State = func(dir string) error {
		if err := writeTree(left, filepath.Join(dir, storeName), modes); err != nil {
			return err
		}
		return copyLog(logFile, dir)
	}
	return f, err
}

// copyLog makes the directory of a finding's state, and copies a log into it.
func copyLog(log, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	out, err := exec.Command("cp", log, filepath.Join(dir, LogName)).CombinedOutput()
	if err != nil {
		return fmt.Errorf("keep the log of a finding: %w: %s", err, out)
	}
	return nil
}

// again makes the crash state once more, and returns its disk.
func (h *hunt) again() *vfs.Mem {
	s := model.State{CrashOptions: h.crash.state.CrashOptions}
	s.Follow(h.at.mem, h.crash.state.Choices)
	return s.Disk
}

// losses describes what the crash took, and names the operation that lacked a barrier.
func (h *hunt) losses() (lost []rundir.Loss) {
	h.crash.state.EachLoss(h.at.mem, func(site vfs.CrashSite, got, n int) {
		l := rundir.Loss{}
		if i := h.at.entryOf(site.Made); i >= 0 {
			e := &h.Log.Entries[i]
			l.Operation = fmt.Sprintf("%s at %.3f s", h.at.describe(i), e.Seconds)
		}
		if site.File = strings.TrimPrefix(site.File, "/"); site.File == "" {
			site.File = "the directory itself"
		}
		l.What = model.Outcome(site, got, n)
		lost = append(lost, l)
	})
	return lost
}

// entryOf returns the entry that made an operation of mem, or -1.
func (r *replay) entryOf(made uint64) int {
	if made == 0 || made >= uint64(len(r.made)) {
		return -1
	}
	return int(r.made[made])
}

// outcomes says of each file what the program had written, what of it was synced, and
// what the crash left.
func (h *hunt) outcomes() (outcomes []rundir.FileOutcome, err error) {
	durable := h.at.mem.CrashClone(vfs.CrashOptions{Strict: h.crash.state.Strict})
	left := h.again()
	seen := map[string]bool{}
	for _, m := range []*vfs.Mem{h.at.mem, left, durable} {
		err = errors.Join(err, walk(m, "/", func(name string) error {
			if seen[name] {
				return nil
			}
			seen[name] = true
			f := rundir.FileOutcome{Name: name[1:], Written: size(h.at.mem, name), Synced: size(durable, name), Left: size(left, name), Differs: -1}
			if f.Written >= 0 && f.Left >= 0 {
				var err error
				if f.Differs, err = differs(h.at.mem, left, name, min(f.Written, f.Left)); err != nil {
					return err
				}
			}
			if f.Written != f.Synced || f.Written != f.Left || f.Differs >= 0 || len(outcomes) < maxOutcomes {
				outcomes = append(outcomes, f)
			}
			return nil
		}))
	}
	return outcomes, err
}

// maxOutcomes bounds how many files that lost nothing are listed.
const maxOutcomes = 20

// walk calls visit with each file below a directory.
func walk(m *vfs.Mem, dir string, visit func(name string) error) error {
	names, err := m.List(dir)
	for _, base := range names {
		name := path.Join(dir, base)
		info, e := m.Lstat(name)
		switch {
		case e != nil:
		case info.Dir:
			e = walk(m, name, visit)
		case info.Target == "":
			e = visit(name)
		}
		err = errors.Join(err, e)
	}
	return err
}

// size returns the size of a file, -1 if it is not there.
func size(m *vfs.Mem, name string) int64 {
	info, err := m.Lstat(name)
	if err != nil || info.Dir || info.Target != "" {
		return -1
	}
	return info.Size
}

// differs returns the first of n bytes that is not the same in both, or -1.
func differs(a, b *vfs.Mem, name string, n int64) (int64, error) {
	fa, err := a.Open(name)
	if err != nil {
		return 0, err
	}
	fb, err := b.Open(name)
	if err != nil {
		return 0, err
	}
	defer func() { _, _ = fa.Close(), fb.Close() }() // in memory, only read from
	pa, pb := make([]byte, chunk), make([]byte, chunk)
	for at := int64(0); at < n; at += chunk {
		k := min(chunk, n-at)
		if _, err := fa.ReadAt(pa[:k], at); err != nil && err != io.EOF {
			return 0, err
		}
		if _, err := fb.ReadAt(pb[:k], at); err != nil && err != io.EOF {
			return 0, err
		}
		for i := range k {
			if pa[i] != pb[i] {
				return at + i, nil
			}
		}
	}
	return -1, nil
}
