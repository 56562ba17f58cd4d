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

// life is one store, from its opening on, whose power is cut at every operation.
// Its lock is held by one operation at a time while that is explored, and by
// whoever writes the history.
type life struct {
	x     *explorer
	disk  *vfs.Mem
	depth int // crashes that its states have behind them
	past  *shot

	mu       sync.Mutex
	position int64     // operations begun
	before   judgement // of states until the store has opened for the first time
	opened   bool
	goesOn   bool // the engine refused a write for now
	recorder *oracle.Recorder
	changed  bool              // the history, since current was made
	current  judgement         // by the history
	owed     [2]uint64         // by oracle.Kind: a hash of the writes that must be found
	ids      map[int]int       // number in the program -> in the history
	done     []*vfs.Op         // operations begun, by number
	stacks   [][]uintptr       // of them
	pcs      [maxStack]uintptr // scratch
}

// judgement is by what, and at which position, states are judged.
type judgement struct {
	checker  *oracle.Checker
	position int64
}

func (x *explorer) life(disk *vfs.Mem, depth int) *life {
	return &life{x: x, disk: disk, depth: depth, ids: map[int]int{}}
}

// run runs the program on the life's disk, and cuts the power at its end too.
func (l *life) run(p *program.Program, fault *Fault) {
	fs := vfs.FS(l.disk)
	if fault != nil {
		fs = fault.wrap(fs)
	}
	open := l.x.opener(fs)
	l.disk.OnOp = l.hook
	r := program.Runner{
		Open: func() (kv.Engine, error) {
			e, err := open()
			if err == nil {
				err = l.born(e)
			}
			return e, err
		},
		Begin: l.begin,
		Ack:   l.ack,
		Abort: l.abort,
	}
	if fault != nil {
		r.Refused = l.refused
	}
	err := r.Run(p)
	l.disk.OnOp = nil
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.x.done() {
		return
	}
	// A store that is closed within the shortage says what it could not write.
	excused := fault != nil && (!l.goesOn || !fault.passes(p.Durability) || errors.Is(err, kv.ErrExhausted))
	switch {
	case errors.Is(err, program.ErrIsolation):
		l.report(program.Broken(err), nil)
		return
	case err != nil && !excused:
		l.report(&oracle.Violation{Rule: ruleRun, Detail: err.Error()}, nil)
		return
	}
	l.x.visit(l, "end dir")
}

// ruleRun is broken by an engine that fails without any fault, or for good after a
// fault of which it said that it passes.
const ruleRun oracle.Rule = "run"

// born notes what the store holds when it has opened for the first time. From
// then on that must not be lost: whoever has read it relies on it.
func (l *life) born(e kv.Engine) error {
	if l.recorder != nil {
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
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recorder = oracle.NewRecorder(base, func() int64 { return l.position })
	if r, ok := e.(kv.LSNReporter); ok {
		l.recorder.SetBaseLSN(r.LSN())
	}
	l.opened, l.changed = true, true
	l.owed = [2]uint64{l.x.rng.Uint64(), l.x.rng.Uint64()}
	return nil
}

func (l *life) begin(id int, s *program.Step, b *kv.Batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ids[id] = l.recorder.Begin(s.Writer, b, s.Durability)
	l.changed = true
}

func (l *life) refused(id int, there bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.goesOn = true
	l.x.refused++
	if !there {
		l.recorder.Refuse(l.ids[id])
		l.changed = true
	}
}

func (l *life) abort(id int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recorder.Abort(l.ids[id])
	l.changed = true
}

func (l *life) ack(id int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.ids[id]
	l.recorder.Ack(n)
	l.changed = true
	durability := l.recorder.Durability(n)
	if durability >= kv.Synced {
		l.owed[oracle.PowerOff] += mix(uint64(n) + 1)
	}
	if durability >= kv.Buffered {
		l.owed[oracle.Kill] += mix(uint64(n) + 1)
	}
}

// mix is the finalizer of splitmix64.
func mix(v uint64) uint64 {
	v = (v ^ v>>30) * 0xbf58476d1ce4e5b9
	v = (v ^ v>>27) * 0x94d049bb133111eb
	return v ^ v>>31
}

// hook is called before every operation of the disk that changes something.
func (l *life) hook(op vfs.Op) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(op)
	if !l.x.done() {
		l.x.visit(l, op.Kind.String()+" "+fileroles.Of(op.Path))
	}
	l.position++
}

// cut explores what a crash now may leave; label is for the coverage.
func (l *life) cut(label string) {
	x := l.x
	durable := x.kind.Durable()
	durable.Make(l.disk, explore.Durable[vfs.CrashSite])
	l.judge(&durable, label)
	all, samples := x.s.All, 6
	if l.depth > 1 {
		all, samples = min(all, 4), 2
	}
	n := durable.Choices.States(all)
	switch {
	case x.kind.Keeps == nil || n == 1:
	case n <= all:
		l.visitAll(label)
	default:
		for range samples {
			s, choose := x.kind.Draw(x.rng)
			s.Make(l.disk, choose)
			l.judge(&s, label)
		}
	}
	if x.rng.IntN(4) == 0 {
		kill := model.Kill()
		kill.Make(l.disk, nil)
		l.judge(&kill, label)
	}
}

// visitAll walks through all states of the strongest kind of crash.
func (l *life) visitAll(label string) {
	for _, block := range l.x.kind.Blocks {
		s := shot{CrashOptions: vfs.CrashOptions{Strict: l.x.kind.Strict, BlockSize: block, Garbage: l.x.kind.Strict}}
		for n := 0; n < 4*l.x.s.All; n++ {
			s.Make(l.disk, explore.Odometer[vfs.CrashSite](s.Choices))
			visited := s
			visited.Choices = append(explore.Choices(nil), s.Choices...)
			l.judge(&visited, label)
			if !s.Choices.Next() {
				break
			}
		}
	}
}

// judge checks a state unless it was met before, and lives on in some.
func (l *life) judge(s *shot, label string) {
	x := l.x
	x.counts.Explored++
	if x.done() || !x.isNew(s.Disk.Fingerprint(), l.due(s.CutKind())) {
		return
	}
	x.counts.Distinct++
	x.counts.AtDepth(l.depth, 1)
	explore.Count(&x.counts.Coverage, label, 1)
	var twin *vfs.Mem
	oneIn := x.nest
	if s.ProcessCrash {
		oneIn = (oneIn + 3) / 4 // what the dead process had not synced is at stake again
	}
	if l.depth < x.s.Depth && x.rng.IntN(oneIn) == 0 {
		twin = s.Disk.CrashClone(vfs.CrashOptions{ProcessCrash: true})
	}
	if broken := l.check(s); broken != nil {
		l.report(broken, s)
		return
	}
	if twin != nil {
		child := x.life(twin, l.depth+1)
		child.before, child.past = l.judgement(), s
		child.run(program.Generate(x.rng.Uint64(), program.Shape{Durability: x.s.Program.Durability, Writes: 4, Levels: x.s.Levels, RangeDeletes: x.s.RangeDeletes}), nil)
	}
}

// nestOneIn is of how many states one is lived on in. Its life has some fifty
// operations, so more than half of all states are those of a second crash.
const nestOneIn = 40

// isNew notes a state with what is due in it, and says whether it is new.
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
func (l *life) due(k oracle.Kind) uint64 {
	if !l.opened {
		return uint64(l.before.position)<<1 | uint64(k)
	}
	return l.owed[k] ^ uint64(k)
}

// judgement is by what a state is judged now.
func (l *life) judgement() judgement {
	if !l.opened {
		return l.before
	}
	if l.changed {
		index, err := l.recorder.History().Index()
		if err != nil {
			l.x.err = err
			return l.before
		}
		l.current, l.changed = judgement{checker: index.NewChecker()}, false
	}
	l.current.position = l.position
	return l.current
}

// check opens and judges the state, which it changes.
func (l *life) check(s *shot) *oracle.Violation {
	j := l.judgement()
	k := s.CutKind()
	if !l.opened && l.depth > 1 {
		k = oracle.PowerOff // what a kill spared, a power cut in the recovery may take
	}
	return j.checker.Check(l.x.opener(s.Disk), oracle.Cut{Position: j.position, Kind: k}).Broken
}
