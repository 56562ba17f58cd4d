package sim

import (
	"encoding/binary"
	"errors"
	"hash/maphash"
	"sync"

	"lsmlab/engines/fileroles"
	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/model"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
)

// run is one execution of a program on a disk, whose power is cut at every operation.
// The operation whose crash states are explored holds the lock until that is done, and so
// does whoever writes the history.
type run struct {
	x     *explorer
	disk  *vfs.Mem
	depth int // number of crashes that led to each of its states

	mu       sync.Mutex
	position int64     // operations begun
	before   judgement // of states until the first opening has returned
	opened   bool      // the first opening has returned
	goesOn   bool      // the engine refused a write and the program went on
	recorder *oracle.Recorder
	changed  bool              // the history has changed since current was made
	current  judgement         // by the history
	owed     [2]uint64         // by oracle.Kind: a hash of the writes that must be found
	ids      map[int]int       // number of a write in the program -> in the history
	done     []*vfs.Op         // operations begun, by number
	stacks   [][]uintptr       // the call stacks of these operations
	pcs      [maxStack]uintptr // scratch
}

// judgement is what states are judged by: a history, and the position of the cut in it.
type judgement struct {
	checker  *oracle.Checker
	position int64
}

func (x *explorer) newRun(disk *vfs.Mem, depth int) *run {
	return &run{x: x, disk: disk, depth: depth, ids: map[int]int{}}
}

// execute executes the program on the disk of the run, and cuts the power at its end too.
func (r *run) execute(p *program.Program, fault *Fault) {
	fs := vfs.FS(r.disk)
	if fault != nil {
		fs = fault.wrap(fs)
	}
	open := r.x.opener(fs)
	r.disk.OnOp = r.hook
	runner := program.Runner{
		Open: func() (kv.Engine, error) {
			e, err := open()
			if err == nil {
				err = r.firstOpening(e)
			}
			return e, err
		},
		Begin: r.begin,
		Ack:   r.ack,
		Abort: r.abort,
	}
	if fault != nil {
		runner.Refused = r.refused
	}
	err := runner.Run(p)
	r.disk.OnOp = nil
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.x.done() {
		return
	}
	// Close of a store that runs out of something says what could not be written.
	excused := fault != nil && (!r.goesOn || !fault.passes(p.Durability) || errors.Is(err, kv.ErrExhausted))
	switch {
	case errors.Is(err, program.ErrIsolation):
		r.report(program.Broken(err), nil)
		return
	case err != nil && !excused:
		r.report(&oracle.Violation{Rule: ruleRun, Detail: err.Error()}, nil)
		return
	}
	r.x.visit(r, "end dir")
}

// ruleRun is broken by an engine that fails without any fault, or that keeps failing after
// a fault that it reported as temporary.
const ruleRun oracle.Rule = "run"

// firstOpening records what the store holds once it has opened for the first time, and
// begins the history with that. From then on this content must not be lost, as somebody
// may have read it. Later openings change nothing.
func (r *run) firstOpening(e kv.Engine) error {
	if r.recorder != nil {
		return nil
	}
	base := map[string]string{}
	it := e.Scan(nil, nil)
	for ok := it.First(); ok; ok = it.Next() {
		base[string(it.Key())] = string(it.Value())
	}
	if err := it.Close(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recorder = oracle.NewRecorder(base, func() int64 { return r.position })
	if reporter, ok := e.(kv.LSNReporter); ok {
		r.recorder.SetBaseLSN(reporter.LSN())
	}
	r.opened, r.changed = true, true
	r.owed = [2]uint64{r.x.rng.Uint64(), r.x.rng.Uint64()}
	return nil
}

func (r *run) begin(id int, s *program.Step, b *kv.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids[id] = r.recorder.Begin(s.Writer, b, s.Durability)
	r.changed = true
}

func (r *run) refused(id int, there bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.goesOn = true
	r.x.refused++
	if !there {
		r.recorder.Refuse(r.ids[id])
		r.changed = true
	}
}

func (r *run) abort(id int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recorder.Abort(r.ids[id])
	r.changed = true
}

func (r *run) ack(id int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.ids[id]
	r.recorder.Ack(n)
	r.changed = true
	durability := r.recorder.Durability(n)
	if durability >= kv.Synced {
		r.owed[oracle.PowerOff] += mix(uint64(n) + 1)
	}
	if durability >= kv.Buffered {
		r.owed[oracle.Kill] += mix(uint64(n) + 1)
	}
}

// mix is the finalizer of splitmix64.
func mix(v uint64) uint64 {
	v = (v ^ v>>30) * 0xbf58476d1ce4e5b9
	v = (v ^ v>>27) * 0x94d049bb133111eb
	return v ^ v>>31
}

// hook is called before every operation of the disk that changes something.
func (r *run) hook(op vfs.Op) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note(op)
	if !r.x.done() {
		r.x.visit(r, op.Kind.String()+" "+fileroles.Of(op.Path))
	}
	r.position++
}

// cut explores crash states of this moment: the one that loses most, then all others or a
// random few of them, and now and then the crash of the process alone. label names the
// operation in the coverage.
func (r *run) cut(label string) {
	x := r.x
	durable := x.kind.Durable()
	durable.Make(r.disk, explore.Durable[vfs.CrashSite])
	r.judge(&durable, label)
	all, samples := x.s.All, 6
	if r.depth > 1 {
		all, samples = min(all, 4), 2
	}
	n := durable.Choices.States(all)
	switch {
	case x.kind.Keeps == nil || n == 1:
	case n <= all:
		r.visitAll(label)
	default:
		for range samples {
			s, choose := x.kind.Draw(x.rng)
			s.Make(r.disk, choose)
			r.judge(&s, label)
		}
	}
	if x.rng.IntN(4) == 0 {
		kill := model.Kill()
		kill.Make(r.disk, nil)
		r.judge(&kill, label)
	}
}

// visitAll walks through all states of the strongest kind of crash.
func (r *run) visitAll(label string) {
	for _, block := range r.x.kind.Blocks {
		s := model.State{CrashOptions: vfs.CrashOptions{Strict: r.x.kind.Strict, BlockSize: block, Garbage: r.x.kind.Strict}}
		for n := 0; n < 4*r.x.s.All; n++ {
			s.Make(r.disk, explore.Odometer[vfs.CrashSite](s.Choices))
			visited := s
			visited.Choices = append(explore.Choices(nil), s.Choices...)
			r.judge(&visited, label)
			if !s.Choices.Next() {
				break
			}
		}
	}
}

// judge checks a state unless it was met before. In some states it also starts a run, whose
// crashes follow the one that led here.
func (r *run) judge(s *model.State, label string) {
	x := r.x
	x.counts.Explored++
	if x.done() || !x.isNew(s.Disk.Fingerprint(), r.due(s.CutKind())) {
		return
	}
	x.counts.Distinct++
	x.counts.AtDepth(r.depth, 1)
	explore.Count(&x.counts.Coverage, label, 1)
	var twin *vfs.Mem // as the check changes the disk of the state
	oneIn := x.nest
	if s.ProcessCrash {
		oneIn = (oneIn + 3) / 4 // a power cut may still take what the dead process had not synced
	}
	if r.depth < x.s.Depth && x.rng.IntN(oneIn) == 0 {
		twin = s.Disk.CrashClone(vfs.CrashOptions{ProcessCrash: true})
	}
	if broken := r.check(s); broken != nil {
		r.report(broken, s)
		return
	}
	if twin != nil {
		child := x.newRun(twin, r.depth+1)
		child.before = r.judgement()
		child.execute(program.Generate(x.rng.Uint64(), program.Shape{Durability: x.s.Program.Durability, Writes: 4, Levels: x.s.Levels, RangeDeletes: x.s.RangeDeletes}), nil)
	}
}

// nestOneIn is how many states there are for each in which a run starts. Such a run has
// some fifty operations, so more than half of all states are those of a second crash.
const nestOneIn = 40

// isNew records a state together with the hash of the writes due in it, and says whether
// this pair is new.
func (x *explorer) isNew(state, due uint64) bool {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], state)
	binary.LittleEndian.PutUint64(b[8:], due)
	key := maphash.Bytes(keySeed, b[:])
	if _, ok := x.seen[key]; ok {
		return false
	}
	x.seen[key] = struct{}{}
	return true
}

var keySeed = maphash.MakeSeed()

// due is a hash of the writes that must be found after a crash.
func (r *run) due(k oracle.Kind) uint64 {
	if !r.opened {
		return uint64(r.before.position)<<1 | uint64(k)
	}
	return r.owed[k] ^ uint64(k)
}

// judgement returns what a state of this moment is judged by.
func (r *run) judgement() judgement {
	if !r.opened {
		return r.before
	}
	if r.changed {
		index, err := r.recorder.History().Index()
		if err != nil {
			r.x.err = err
			return r.before
		}
		r.current, r.changed = judgement{checker: index.NewChecker()}, false
	}
	r.current.position = r.position
	return r.current
}

// check opens the store in the state, which changes the state's disk, and judges it.
func (r *run) check(s *model.State) *oracle.Violation {
	j := r.judgement()
	k := s.CutKind()
	if !r.opened && r.depth > 1 {
		k = oracle.PowerOff // what a kill spared, a power cut in the recovery may take
	}
	return j.checker.Check(r.x.opener(s.Disk), oracle.Cut{Position: j.position, Kind: k}).Broken
}
