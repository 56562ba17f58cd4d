package wal

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/testseed"
	"lsmlab/engines/vfs"
)

// world is a log under random use, with what must be true of it if the machine
// stops now. Its checks return errors, so that a test can demand that a planted
// bug is found.
//
// Method: a hook before every operation of the file system makes, by chance, a
// clone in one of the states that a crash now may leave, and recovers it. The
// recovery is itself crashed at every operation, to a depth; then the survivor
// is used and crashed again. What would fail: a synced record lost, a hole, a
// dropped record that comes back, a crash taken for damage, a recovery that
// does not end in the same state however often it is cut short.
type world struct {
	rng   *rand.Rand
	mem   *vfs.Mem
	bug   func(vfs.Op) vfs.Fault // planted, or nil
	o     Options
	depth int // crashes on the way here

	hist     []entry  // every record appended, in order
	late     []late   // those not stored yet
	appended ikey.Seq // its last LSN
	handed   ikey.Seq // acknowledged as Buffered
	synced   ikey.Seq // acknowledged as Synced
	flushed  ikey.Seq // what the manifest would say

	chance float64 // of a crash at an operation
	err    error   // the first violation met in a hook
	states int
}

// late is a record with a place in the log that is not stored yet.
type late struct {
	place Place
	entry
}

type entry struct {
	first ikey.Seq
	count int
	ops   string
}

func (e entry) last() ikey.Seq { return e.first + ikey.Seq(e.count) - 1 }

func newWorld(seed uint64, o Options) *world {
	mem := vfs.NewMem()
	if err := errors.Join(mem.MkdirAll("db"), mem.SyncDir("/")); err != nil {
		panic(err)
	}
	o.Dir = "db"
	return &world{rng: rand.New(rand.NewPCG(seed, 1)), mem: mem, o: o, chance: 0.02}
}

// variants are the options that every test of the writer runs with.
func variants() []Options {
	all := []Options{{Sync: FDataSync}, {Sync: FSync}, {Sync: ODSync}, {Sync: NoSync}}
	for _, m := range []SyncMethod{FDataSync, FSync, NoSync} {
		all = append(all, Options{Sync: m, Write: Mapped})
	}
	for i := range all {
		all[i].SegmentSize, all[i].PoolSize = 1500, 3*1500
	}
	return all
}

func (o Options) label() string { return o.Write.String() + "-" + o.Sync.String() }

// run opens the log, uses it for a number of steps, and closes it by coin.
func (w *world) run(steps int) error {
	w.mem.OnOp = func(vfs.Op) {
		if w.err == nil && w.rng.Float64() < w.chance {
			w.err = w.crash()
		}
	}
	defer func() { w.mem.OnOp = nil }()
	r, err := w.recover()
	if err != nil {
		return err
	}
	log, err := NewWriter(w.o, r)
	if err != nil {
		return err
	}
	for range steps {
		if err := w.step(log); err != nil || w.err != nil {
			return errors.Join(err, w.err)
		}
	}
	if w.rng.IntN(2) == 0 {
		if err := w.store(len(w.late)); err != nil {
			return err
		}
		if err := log.Close(); err != nil {
			return err
		}
		if w.o.Sync != NoSync {
			w.synced, w.handed = w.appended, w.appended
		}
	}
	return errors.Join(w.err, w.crash())
}

func (w *world) step(log *Writer) error {
	switch n := w.rng.IntN(100); {
	case n < 50:
		return w.append(log)
	case n < 60:
		return w.store(w.rng.IntN(len(w.late) + 1))
	case n < 75:
		return w.commit(log, kv.Buffered)
	case n < 90:
		if !w.o.Sync.Supports(kv.Synced) {
			return nil
		}
		return w.commit(log, kv.Synced)
	case n < 95:
		return w.commit(log, kv.Volatile)
	}
	if len(w.hist) > 0 {
		w.flushed = max(w.flushed, min(w.hist[w.rng.IntN(len(w.hist))].last(), w.stored()))
	}
	return log.Obsolete(w.flushed)
}

func (w *world) append(log *Writer) error {
	var b kv.Batch
	value := make([]byte, w.rng.IntN(200))
	if w.rng.IntN(30) == 0 {
		value = make([]byte, 2000)
	}
	for i := range value {
		value[i] = byte(w.rng.Uint32())
	}
	for range 1 + w.rng.IntN(3) {
		b.Set(fmt.Appendf(nil, "key%d", w.rng.IntN(100)), value[:w.rng.IntN(len(value)+1)])
	}
	e := entry{w.appended + 1, b.Len(), string(b.Bytes())}
	w.hist = append(w.hist, e) // before: a crash within may keep it
	w.appended = e.last()
	if w.rng.IntN(2) == 0 {
		return log.Append(e.first, e.count, b.Bytes())
	}
	place, err := log.Reserve(e.first, e.count, b.Bytes())
	if err == nil {
		w.late = append(w.late, late{place, e})
	}
	return err
}

// store stores n of the records that are late, in any order.
func (w *world) store(n int) error {
	w.rng.Shuffle(len(w.late), func(i, j int) { w.late[i], w.late[j] = w.late[j], w.late[i] })
	now := w.late[:n]
	w.late = w.late[n:]
	for _, l := range now {
		if err := l.place.Store([]byte(l.ops)); err != nil {
			return err
		}
		l.place.Advance()
	}
	return nil
}

// stored is the LSN up to which all records are stored.
func (w *world) stored() ikey.Seq {
	last := w.appended
	for _, l := range w.late {
		last = min(last, l.first-1)
	}
	return last
}

func (w *world) commit(log *Writer, d kv.Durability) error {
	last := w.stored()
	if n := len(w.hist); n > 0 && w.rng.IntN(4) == 0 {
		last = min(last, w.hist[w.rng.IntN(n)].last())
	}
	if err := log.Commit(last, d); err != nil {
		return err
	}
	if d >= kv.Buffered {
		w.handed = max(w.handed, last)
	}
	if d >= kv.Synced {
		w.synced = max(w.synced, last)
	}
	return nil
}

// crash makes the world after a crash now, and checks it.
func (w *world) crash() error {
	w.states++
	keep := []float64{0, 0.1, 0.5, 0.9, 1}[w.rng.IntN(5)]
	c := vfs.CrashOptions{
		Choose: vfs.Chance(keep, rand.New(rand.NewPCG(w.rng.Uint64(), 2))),
		Strict: w.rng.IntN(2) == 0, Garbage: w.rng.IntN(2) == 0,
		BlockSize:    []int{512, 4096}[w.rng.IntN(2)],
		ProcessCrash: w.rng.IntN(4) == 0,
	}
	next := *w
	next.mem = w.mem.CrashClone(c)
	next.depth++
	next.states, next.late = 0, nil
	if !c.ProcessCrash {
		next.handed = w.synced
	}
	err := next.survive()
	w.states += next.states
	if err != nil {
		return fmt.Errorf("crash (keep %g, strict %v, garbage %v, blocks of %d, process only %v), LSN %d flushed, %d synced, %d handed over, %d appended:\n%w",
			keep, c.Strict, c.Garbage, c.BlockSize, c.ProcessCrash, w.flushed, w.synced, w.handed, w.appended, err)
	}
	return nil
}

// survive recovers the log, crashes that too, and goes on with the log.
func (w *world) survive() error {
	if w.depth < 3 {
		w.mem.OnOp = func(vfs.Op) {
			if w.err == nil {
				w.err = w.crash()
			}
		}
	}
	_, err := w.recover()
	w.mem.OnOp = nil
	if err = errors.Join(err, w.err); err != nil || w.depth > 2 || w.rng.IntN(4) > 0 {
		return err
	}
	w.chance = 0.01
	return w.run(30)
}

// recover recovers the log and checks what it says. From then on that is the
// history.
func (w *world) recover() (Recovered, error) {
	w.o.FS = w.mem
	w.o.Epoch++ // durable before, as the manifest's
	if w.bug != nil {
		w.o.FS = vfs.NewInject(w.mem, w.bug)
	}
	at := 0
	for at < len(w.hist) && w.hist[at].last() <= w.flushed {
		at++
	}
	var wrong error
	r, err := Recover(w.o, w.flushed, func(first ikey.Seq, count int, ops []byte) error {
		e := entry{first, count, string(ops)}
		if wrong == nil && (at >= len(w.hist) || w.hist[at] != e) {
			wrong = fmt.Errorf("replayed %d operations at LSN %d, not what was appended", count, first)
		}
		at++
		return nil
	})
	if err = errors.Join(err, wrong); err != nil {
		return r, err
	}
	if _, err := NewWriter(w.o, r); err != nil { // cuts the tail off
		return r, err
	}
	if want := max(w.handed, w.synced, w.flushed); r.LastSeq < want {
		return r, fmt.Errorf("recovered up to LSN %d, want %d at least: %+v", r.LastSeq, want, r)
	}
	if at > 0 && r.LastSeq != max(w.hist[at-1].last(), w.flushed) {
		return r, fmt.Errorf("recovered up to LSN %d, but replayed up to %d", r.LastSeq, w.hist[at-1].last())
	}
	hook := w.mem.OnOp
	w.mem.OnOp = nil
	defer func() { w.mem.OnOp = hook }()
	before := w.mem.Fingerprint()
	again, err := Recover(w.o, w.flushed, func(ikey.Seq, int, []byte) error { return nil })
	if err != nil || again.LastSeq != r.LastSeq || again.Removed > 0 || w.mem.Fingerprint() != before {
		return r, fmt.Errorf("a second recovery: %+v, error %v; the first: %+v", again, err, r)
	}
	if _, err := Check(w.o, w.flushed); err != nil {
		return r, fmt.Errorf("check after recovery: %w", err)
	}
	w.hist = w.hist[:at:at]
	w.appended, w.handed, w.synced = r.LastSeq, r.LastSeq, r.LastSeq
	return again, nil
}

func TestCrash(t *testing.T) {
	for _, o := range variants() {
		t.Run(o.label(), func(t *testing.T) {
			seed, runs := testseed.New(t), 12
			if testing.Short() {
				runs = 2
			}
			states := 0
			for i := range runs {
				w := newWorld(seed+uint64(i), o)
				if err := w.run(200); err != nil {
					t.Fatalf("run %d: %v", i, err)
				}
				states += w.states
			}
			t.Logf("%d crash states", states)
		})
	}
}

// TestCrashFindsBugs plants the bugs that a file system wrapper can plant, and
// demands that the crash test sees them.
func TestCrashFindsBugs(t *testing.T) {
	wal := func(kinds ...vfs.OpKind) func(vfs.Op) vfs.Fault {
		return func(op vfs.Op) (f vfs.Fault) {
			for _, k := range kinds {
				f.Lie = f.Lie || op.Kind == k
			}
			return f
		}
	}
	for name, bug := range map[string]func(vfs.Op) vfs.Fault{
		"no sync":           wal(vfs.OpSyncData),
		"no directory sync": wal(vfs.OpSyncDir),
		"no removal":        wal(vfs.OpRemove),
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(300) {
				w := newWorld(seed, variants()[0])
				w.bug = bug
				if err := w.run(100); err != nil {
					t.Logf("found with seed %d: %s", seed, strings.SplitN(err.Error(), "\n", 2)[0])
					return
				}
			}
			t.Error("not found")
		})
	}
}

// TestErrorsAreSticky fails one operation of each kind. Every later call must
// return that error, and what was acknowledged as synced must be there after.
func TestErrorsAreSticky(t *testing.T) {
	for _, o := range variants() {
		for _, kind := range []vfs.OpKind{
			vfs.OpCreate, vfs.OpRename, vfs.OpAllocate, vfs.OpWrite, vfs.OpSyncData, vfs.OpSync, vfs.OpSyncDir,
			vfs.OpMapWritable, vfs.OpOpenDSync,
		} {
			t.Run(o.label()+"/"+kind.String(), func(t *testing.T) {
				for nth := range 4 {
					testSticky(t, o, kind, nth)
				}
			})
		}
	}
}

func testSticky(t *testing.T, o Options, kind vfs.OpKind, nth int) {
	w := newWorld(uint64(nth), o)
	w.chance = 0
	log, armed, fired := (*Writer)(nil), false, false
	w.bug = func(op vfs.Op) (f vfs.Fault) {
		if armed && op.Kind == kind && !fired {
			if nth--; nth < 0 {
				fired = true
				f.Err, f.Short = syscall.EIO, 20
			}
		}
		return f
	}
	r, err := w.recover()
	if err != nil {
		t.Fatal(err)
	}
	if log, err = NewWriter(w.o, r); err != nil {
		t.Fatal(err)
	}
	armed = true
	for range 400 {
		if err = w.step(log); err != nil {
			break
		}
	}
	if !fired {
		if err := errors.Join(err, log.Close()); err != nil {
			t.Fatal(err)
		}
		return // this variant has no such operation
	}
	if !errors.Is(err, syscall.EIO) {
		t.Fatalf("error %v, want EIO", err)
	}
	for _, err := range []error{
		log.Append(w.appended+1, 1, []byte("xxx")), log.Commit(0, kv.Buffered), log.Commit(0, kv.Volatile), log.Close(),
	} {
		if !errors.Is(err, syscall.EIO) {
			t.Errorf("after the error: %v, want EIO", err)
		}
	}
	armed = false
	if err := w.crash(); err != nil {
		t.Fatal(err)
	}
}

// TestBrokenStaysBroken: a write that was under way when a sync failed ends well
// later. Its record is handed over, and yet no durability level is promised any more: what the
// sync has lost may lie before it.
func TestBrokenStaysBroken(t *testing.T) {
	w := newWorld(1, Options{})
	r, err := w.recover()
	if err != nil {
		t.Fatal(err)
	}
	log, err := NewWriter(w.o, r)
	if err != nil {
		t.Fatal(err)
	}
	var b kv.Batch
	b.Set([]byte("k"), nil)
	first := r.LastSeq + 1
	if err := errors.Join(log.Append(first, 1, b.Bytes()), log.Commit(first, kv.Buffered)); err != nil {
		t.Fatal(err)
	}
	log.mu.Lock()
	_ = log.fail(syscall.EIO)
	log.hand(first)
	log.mu.Unlock()
	for _, d := range []kv.Durability{kv.Volatile, kv.Buffered, kv.Synced} {
		if err := log.Commit(first, d); !errors.Is(err, syscall.EIO) {
			t.Errorf("%v: %v, want EIO", d, err)
		}
	}
}
