package files

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"lsmlab/engines/vfs"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/rundir"
)

// Tier is the name of this tier in run directories.
const Tier = "files"

// FileSystem is that of the model.
const FileSystem = "model"

// storeName is the directory of the store in the state of a finding.
const storeName = "store"

// Exploration explores the crash states of one log under one profile.
type Exploration struct {
	Stage   *disk.Stage
	Log     *Log
	LogFile string            // of Log
	Judge   func() disk.Judge // a new one; each worker has its own
	Profile explore.Profile
	Seed    uint64
	States  int64 // distinct ones to check at most
	Workers int   // default 1
	Kills   bool  // also what the end of the process alone leaves
	// KillsAlone explores only kills of the process.
	KillsAlone bool
	// Causes are the causes of earlier findings. A violation with one of these causes is
	// counted, but is no new finding. Run adds the causes of new findings. Causes must not
	// be nil.
	Causes map[string]bool
	// Findings ends the exploration after so many new causes; default 1.
	Findings int
	Depth    int // crashes that the states have behind them, with their own; default 1
	// Role says what a file is for, by its path. It is used by one goroutine at a time.
	Role func(name string) string

	// OnState, if not nil, is called after each check with the number of checks so far, by
	// one goroutine at a time.
	OnState func(distinct int64)
}

// knownHits is how many violations of known causes end an exploration. The causes of its own
// findings are known too.
const knownHits = 5

// Run explores until enough states were checked, no new states are left, or enough findings
// were made. It shrinks findings. If ctx ends, Run returns the results so far together with
// the error of ctx.
func (x *Exploration) Run(ctx context.Context) (explore.Counts, []*rundir.Finding, error) {
	r := &run{Exploration: x, generator: x.newGenerator()}
	r.counts.Programs = 1
	whole := newReplay(x.Log, false)
	if err := whole.to(x.Log.end); err != nil {
		return r.counts, nil, err
	}
	r.modes, r.names = whole.modes, whole.names
	var err error
	if r.scratch, err = newScratch(x.Stage); err != nil {
		return r.counts, nil, err
	}
	var produced error
	search := explore.Search[crash]{
		All: func(novel func() bool) iter.Seq[crash] { return r.generator.all(novel, &produced) },
		Key: r.key, States: x.States, Workers: x.Workers, Made: r.made,
	}
	err = search.Run(ctx, r.work)
	if err = cmp.Or(err, produced); err == nil {
		err = ctx.Err()
	}
	return r.counts, r.findings, errors.Join(err, r.scratch.close())
}

// run is an exploration under way.
type run struct {
	*Exploration
	generator *generator
	scratch   *scratch
	modes     map[uint64]uint32 // permissions, by the ID of a file in the model
	names     map[uint64]string // last paths, by Entry.File

	hunting sync.Mutex // one finding at a time

	mu       sync.Mutex
	counts   explore.Counts
	findings []*rundir.Finding
	known    int // violations of causes that were known; see knownHits
}

func (r *run) made() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Explored++
}

var keySeed = maphash.MakeSeed()

// key tells states apart: by content, and by what must be found in it.
func (r *run) key(c crash) uint64 {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], c.state.Disk.Fingerprint())
	binary.LittleEndian.PutUint64(b[8:], uint64(len(r.Log.acks(c.position)))<<1|uint64(c.state.CutKind()))
	return maphash.Bytes(keySeed, b[:])
}

// work checks states until there are no more, or enough is found.
func (r *run) work(ctx context.Context, stop func(), worker int, jobs <-chan crash) (err error) {
	c := &checker{run: r, judge: r.Judge(), dir: filepath.Join(r.scratch.dir, strconv.Itoa(worker))}
	defer func() { err = errors.Join(err, c.judge.Release()) }()
	for s := range jobs {
		broken, err := c.check(ctx, s.state.Disk, s.position)
		if ctx.Err() != nil {
			return nil
		}
		if err == nil {
			r.count(s, broken)
			if broken != nil {
				err = r.found(ctx, stop, c, s, broken)
			}
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

func (r *run) count(s crash, broken *oracle.Violation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.next(s.position)
	r.counts.Distinct++
	r.counts.AtDepth(max(1, r.Depth), 1)
	explore.Count(&r.counts.Coverage, string(e.Kind)+" "+e.role(r.names[e.File], r.Role), 1)
	for _, l := range r.lossesOf(s) {
		explore.Count(&r.counts.Losses, l, 1)
	}
	if broken != nil {
		explore.Count(&r.counts.Violations, string(broken.Rule), 1)
	}
	if r.OnState != nil {
		r.OnState(r.counts.Distinct)
	}
}

// lossesOf says what a state lost, each kind of loss once: "write wal lost".
func (r *run) lossesOf(s crash) (all []string) {
	for _, l := range s.lost {
		role := "dir"
		if l.file != "/" {
			role = r.Role(l.file[1:])
		}
		all = append(all, fmt.Sprintf("%s %s %s", l.by, role, l.how))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// next returns the operation that follows a crash at a position.
func (r *run) next(position int) *Entry {
	for i := position; i < r.Log.end; i++ {
		if e := &r.Log.Entries[i]; e.Kind != Mark {
			return e
		}
	}
	return &Entry{Kind: Mark, Text: "the end of the recording"}
}

// checker writes each state as plain files into a directory of its own, and asks a judge about
// it. One goroutine at a time uses it.
type checker struct {
	*run
	judge disk.Judge
	dir   string
	n     int
}

// check judges the state of a disk. It returns the broken rule, or nil.
func (c *checker) check(ctx context.Context, m *vfs.Mem, position int) (broken *oracle.Violation, err error) {
	c.n++
	dir := c.dir + "-" + strconv.Itoa(c.n) // a process that outlived its check has the last one
	if err := writeTree(m, dir, c.modes); err != nil {
		return nil, err
	}
	broken, err = c.judge.Judge(ctx, dir, int64(position))
	return broken, errors.Join(err, os.RemoveAll(dir))
}

// scratch is the directory for stores that are judged. It is a tmpfs, in memory, if
// one can be mounted, and else on the disk of the stage.
type scratch struct {
	dir     string
	mounted bool
}

func newScratch(stage *disk.Stage) (s *scratch, err error) {
	s = &scratch{}
	if s.dir, err = stage.Mkdir("states"); err != nil {
		return nil, err
	}
	s.mounted = unix.Mount("tmpfs", s.dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "") == nil
	return s, nil
}

func (s *scratch) close() error {
	if !s.mounted {
		return nil
	}
	return unmount(s.dir)
}
