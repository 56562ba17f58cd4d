package kvtest

import (
	"errors"
	"fmt"
	"testing"

	"lsmlab/engines/kv"
)

// driver executes one program on an engine and a model.
type driver struct {
	p       *program
	o       options
	long    bool
	h       Harness
	open    func(dir string) (kv.Engine, error)
	dir     string
	machine Machine // nil if crashes cannot be simulated

	engine       kv.Engine
	durabilities []kv.Durability
	model        *state
	history      *history
	snaps        []modelled[kv.Snapshot, *state]
	iters        []modelled[kv.Iterator, *cursor]
	levels       []kv.Isolation // of transactions
	ranges       bool           // the engine has range deletes
	txns         []*drivenTxn
	log          []span // what was written since the first open transaction began
	past         []pastState
	copies       int // checkpoints made

	executed, crashes, reopens, commits, conflicts int

	batch  kv.Batch
	writes uint64
	value  []byte
	got    []byte
}

// modelled is a thing of the engine and what it must look like.
type modelled[T, M any] struct {
	real  T
	model M
}

const (
	maxSnapshots = 8
	maxIterators = 8
)

func newDriver(t testing.TB, h Harness, p *program) *driver {
	t.Helper()
	d := &driver{h: h, p: p, o: p.options(), model: new(state), history: newHistory(new(state))}
	if h.NewMachine != nil {
		d.machine = h.NewMachine()
		d.open, d.dir = d.machine.Open, storeDir
	} else {
		d.open, d.dir = h.Open, t.TempDir()
	}
	var err error
	if d.engine, err = d.open(d.dir); err != nil {
		t.Fatalf("open: %v", err)
	}
	d.durabilities = Durabilities(t, d.engine)
	if d.o.tables == &wideTables {
		d.levels = levelsOf(t, d.engine)
		d.ranges = takesRangeDeletes(t, d.engine, d.durabilities[0])
	}
	return d
}

// step executes one operation and compares.
func (d *driver) step() error {
	d.executed++
	code := d.o.tables.common[d.p.byte()]
	if code == opRare {
		table := &d.o.tables.rare
		if d.long {
			table = &d.o.tables.rareLong
		}
		code = table[d.p.byte()]
	}
	if err := d.do(code); err != nil {
		return fmt.Errorf("%s: %w", opNames[code], err)
	}
	return nil
}

var opNames = [...]string{
	opSet: "set", opDelete: "delete", opBatch: "batch", opGet: "get", opScan: "scan",
	opSnapTake: "take snapshot", opSnapGet: "get in snapshot", opSnapScan: "scan of snapshot", opSnapClose: "close snapshot",
	opIterOpen: "open iterator", opIterSeek: "seek iterator", opIterNext: "step iterator", opIterClose: "close iterator",
	opFlush: "flush", opCompact: "compact", opReopen: "reopen", opCrash: "crash", opCheckAll: "full check", opNone: "nothing",
	opDeleteRange: "delete range", opScanReverse: "scan downwards", opSnapReverse: "scan of snapshot downwards",
	opTxnBegin: "begin transaction", opTxnSet: "set in transaction", opTxnDelete: "delete in transaction",
	opTxnGet: "get in transaction", opTxnScan: "scan of transaction", opTxnReverse: "scan of transaction downwards",
	opTxnEnd: "end of transaction", opCheckpoint: "checkpoint", opPast: "view of the past",
}

func (d *driver) do(code opCode) error {
	if err := d.letWrite(code); err != nil {
		return err
	}
	switch code {
	case opSet, opDelete, opBatch, opDeleteRange:
		return d.write(code)
	case opGet:
		return d.get(d.engine, d.model)
	case opScan:
		return d.scan(d.engine, d.model)
	case opScanReverse:
		return d.scanReverse(d.engine, d.model)
	case opSnapTake, opSnapGet, opSnapScan, opSnapReverse, opSnapClose:
		return d.snapshotOp(code)
	case opIterOpen, opIterSeek, opIterNext, opIterClose:
		return d.iteratorOp(code)
	case opTxnBegin, opTxnSet, opTxnDelete, opTxnGet, opTxnScan, opTxnReverse, opTxnEnd:
		return d.txnOp(code)
	}
	return d.rare(code)
}

func (d *driver) rare(code opCode) error {
	switch code {
	case opCheckpoint:
		return d.checkpoint()
	case opPast:
		return d.readPast()
	case opFlush:
		if f, ok := d.engine.(kv.Flusher); ok {
			return f.Flush()
		}
	case opCompact:
		if c, ok := d.engine.(kv.Compacter); ok {
			return c.Compact()
		}
	case opReopen:
		return d.reopen()
	case opCrash:
		if d.machine == nil {
			return d.reopen()
		}
		return d.crash()
	case opCheckAll:
		return d.checkAll()
	}
	return nil
}

func (d *driver) write(code opCode) error {
	d.batch.Reset()
	n := 1
	if code == opBatch {
		n = int(d.p.byte()) % 24
	}
	for range n {
		if code == opDeleteRange || code == opBatch && d.ranges && d.p.byte() < 16 {
			d.deleteRange()
			continue
		}
		key := d.p.key(&d.o)
		if code == opDelete || code == opBatch && d.p.byte() < 80 {
			d.batch.Delete(key)
			continue
		}
		d.writes++
		d.value = value(d.value, d.p.valueSize(&d.o), d.writes)
		d.batch.Set(key, d.value)
	}
	durability := d.p.durability(d.durabilities)
	if err := d.engine.Apply(&d.batch, durability); err != nil {
		return fmt.Errorf("%v: %w", durability, err)
	}
	d.applied(&d.batch, durability)
	return nil
}

// deleteRange adds the deletion of few keys, mostly; where the engine has no range deletes,
// of the first one.
func (d *driver) deleteRange() {
	i, n := d.p.keyIndex(&d.o), int(d.p.byte())
	lower := d.o.keys[i]
	switch upper := i + n%16; {
	case !d.ranges:
		d.batch.Delete(lower)
	case n >= 250:
		d.batch.DeleteRange(lower, nil)
	default:
		d.batch.DeleteRange(lower, d.o.keys[min(upper, len(d.o.keys)-1)])
	}
}

// applied notes what the engine has applied or committed.
func (d *driver) applied(b *kv.Batch, durability kv.Durability) {
	d.model.apply(b.Ops())
	d.history.add(b, durability, d.machine != nil)
	if len(d.txns) > 0 {
		for ops := b.Ops(); ops.Next(); {
			d.log = append(d.log, spanOf(ops))
		}
	}
	d.notePast()
}

func (d *driver) get(r kv.Reader, model *state) (err error) {
	return d.getKey(r, model, d.p.key(&d.o))
}

func (d *driver) getKey(r kv.Reader, model *state, key []byte) (err error) {
	want, ok := model.Get(string(key))
	d.got, err = r.Get(d.got[:0], key)
	switch {
	case !ok && errors.Is(err, kv.ErrNotFound) && len(d.got) == 0:
		return nil
	case !ok:
		return fmt.Errorf("%s: %s, %v; want nothing", show(string(key)), show(string(d.got)), err)
	case err != nil || string(d.got) != want:
		return fmt.Errorf("%s: %s, %v; want %s", show(string(key)), show(string(d.got)), err, show(want))
	}
	return nil
}

// scan walks a few entries between two bounds.
func (d *driver) scan(r kv.Reader, model *state) error {
	_, err := d.walk(r, model, d.scanArguments())
	return err
}

// scanReverse walks a few entries downwards; upwards, if the engine has only that.
func (d *driver) scanReverse(r kv.Reader, model *state) error {
	a := d.scanArguments()
	a.down = true
	_, err := d.walk(r, model, a)
	return err
}

// scanArguments say what a scan reads: at most steps+1 entries, from one end of the bounds.
type scanArguments struct {
	lower, upper []byte
	steps        int
	down         bool
}

func (d *driver) scanArguments() scanArguments {
	return scanArguments{lower: d.p.bound(&d.o), upper: d.p.bound(&d.o), steps: int(d.p.byte()) % 32}
}

// walk compares a scan with the model, and returns the keys that it saw.
func (d *driver) walk(r kv.Reader, model *state, a scanArguments) (keys [][]byte, err error) {
	var it entry
	var first, next func() bool
	want := model.scan(a.lower, a.upper)
	wantFirst, wantNext := want.First, want.Next
	if back, ok := r.(kv.ReverseScanner); a.down && ok {
		down := back.ScanReverse(a.lower, a.upper)
		it, first, next = down, down.Last, down.Prev
		wantFirst, wantNext = want.Last, want.Prev
	} else {
		up := r.Scan(a.lower, a.upper)
		it, first, next = up, up.First, up.Next
	}
	for err = agree(it, want, first(), wantFirst()); err == nil && want.ok; err = agree(it, want, next(), wantNext()) {
		keys = append(keys, want.Key())
		if len(keys) > a.steps {
			break
		}
	}
	if err != nil {
		err = fmt.Errorf("[%s, %s): %w", show(string(a.lower)), show(string(a.upper)), err)
	}
	return keys, errors.Join(err, it.Close())
}

// entry is an iterator of either direction.
type entry interface {
	Key() []byte
	Value() []byte
	Close() error
}

// agree compares an iterator with its model after a move of both.
func agree(it entry, want *cursor, ok, wantOK bool) error {
	switch {
	case ok && !wantOK:
		return fmt.Errorf("iterator at %s, want its end", show(string(it.Key())))
	case !ok && wantOK:
		return fmt.Errorf("iterator at its end, want %s", show(want.it.Key()))
	case ok && (string(it.Key()) != want.it.Key() || string(it.Value()) != want.it.Value()):
		return fmt.Errorf("iterator at %s = %s, want %s = %s", show(string(it.Key())), show(string(it.Value())),
			show(want.it.Key()), show(want.it.Value()))
	}
	return nil
}

func (d *driver) snapshotOp(code opCode) error {
	if code == opSnapTake && len(d.snaps) < maxSnapshots {
		snap, err := d.engine.Snapshot()
		if err == nil {
			d.snaps = append(d.snaps, modelled[kv.Snapshot, *state]{snap, d.model.clone()})
		}
		return err
	}
	if len(d.snaps) == 0 {
		return nil
	}
	i := int(d.p.byte()) % len(d.snaps)
	s := d.snaps[i]
	switch code {
	case opSnapGet:
		return d.get(s.real, s.model)
	case opSnapScan:
		return d.scan(s.real, s.model)
	case opSnapReverse:
		return d.scanReverse(s.real, s.model)
	default:
		d.snaps = append(d.snaps[:i], d.snaps[i+1:]...)
		return s.real.Close()
	}
}

func (d *driver) iteratorOp(code opCode) error {
	if code == opIterOpen && len(d.iters) < maxIterators {
		lower, upper := d.p.bound(&d.o), d.p.bound(&d.o)
		d.iters = append(d.iters, modelled[kv.Iterator, *cursor]{
			d.engine.Scan(lower, upper), d.model.clone().scan(lower, upper),
		})
		return nil
	}
	if len(d.iters) == 0 {
		return nil
	}
	i := int(d.p.byte()) % len(d.iters)
	it := d.iters[i]
	switch code {
	case opIterSeek:
		key := d.p.key(&d.o)
		return agree(it.real, it.model, it.real.SeekGE(key), it.model.SeekGE(key))
	case opIterNext:
		return agree(it.real, it.model, it.real.Next(), it.model.Next())
	default:
		d.iters = append(d.iters[:i], d.iters[i+1:]...)
		return it.real.Close()
	}
}

// release closes all iterators, snapshots and transactions.
func (d *driver) release() (err error) {
	for _, x := range d.txns {
		x.real.Discard()
	}
	d.txns, d.log, d.past = nil, nil, nil
	for _, it := range d.iters {
		err = errors.Join(err, it.real.Close())
	}
	for _, s := range d.snaps {
		err = errors.Join(err, s.real.Close())
	}
	d.iters, d.snaps = d.iters[:0], d.snaps[:0]
	return err
}

func (d *driver) reopen() (err error) {
	d.reopens++
	if err = errors.Join(d.release(), d.engine.Close()); err != nil {
		return err
	}
	if d.engine, err = d.open(d.dir); err != nil {
		return err
	}
	return d.recover(d.history.handed)
}

func (d *driver) crash() (err error) {
	d.crashes++
	kind, seed := CrashKind(d.p.byte()&1), uint64(d.p.byte())<<8|uint64(d.p.byte())
	old := d.engine
	d.machine.Crash(kind, seed)
	d.release() // what is dead may fail
	old.Close()
	if d.engine, err = d.open(d.dir); err != nil {
		return fmt.Errorf("open after crash %d, seed %d: %w", kind, seed, err)
	}
	floor := d.history.handed
	if kind == PowerOff {
		floor = d.history.synced
	}
	if err = d.recover(floor); err != nil {
		return fmt.Errorf("crash %d, seed %d: %w", kind, seed, err)
	}
	if kind == PowerOff { // what came back was on the disk
		d.history.fold(len(d.history.ends))
	}
	return nil
}

// recover compares the opened store with the history and goes on from there.
func (d *driver) recover(floor int) error {
	if v, ok := d.engine.(kv.Verifier); ok {
		if err := v.Verify(); err != nil {
			return err
		}
	}
	content, err := dump(d.engine)
	if err != nil {
		return err
	}
	d.model, err = d.history.recovered(content, floor)
	if err == nil && d.machine == nil {
		d.history.fold(len(d.history.ends))
	}
	return err
}

func (d *driver) checkAll() error {
	content, err := dump(d.engine)
	if err != nil {
		return err
	}
	if differences(d.model, content) != 0 {
		return errors.New(describe(d.model, content))
	}
	return nil
}

// finish compares everything once more and closes the engine.
func (d *driver) finish(err error) error {
	if err == nil {
		err = d.checkAll()
	}
	if err == nil {
		err = d.reopen()
	}
	if d.engine == nil { // it did not open again
		return err
	}
	return errors.Join(err, d.release(), d.engine.Close())
}
