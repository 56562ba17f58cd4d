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
	open    func() (kv.Engine, error)
	machine Machine // nil if crashes cannot be simulated

	engine  kv.Engine
	rungs   []kv.Durability
	model   *state
	history *history
	snaps   []modelled[kv.Snapshot, *state]
	iters   []modelled[kv.Iterator, *cursor]

	executed, crashes, reopens int

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
	d := &driver{p: p, o: p.options(), model: new(state), history: newHistory(new(state))}
	if h.NewMachine != nil {
		d.machine = h.NewMachine()
		d.open = func() (kv.Engine, error) { return d.machine.Open(StoreDir) }
	} else {
		dir := t.TempDir()
		d.open = func() (kv.Engine, error) { return h.Open(dir) }
	}
	var err error
	if d.engine, err = d.open(); err != nil {
		t.Fatalf("open: %v", err)
	}
	d.rungs = Rungs(t, d.engine)
	return d
}

// step executes one operation and compares.
func (d *driver) step() error {
	d.executed++
	code := commonTable[d.p.byte()]
	if code == opRare {
		table := &rareTable
		if d.long {
			table = &rareLongTable
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
}

func (d *driver) do(code opCode) error {
	switch code {
	case opSet, opDelete, opBatch:
		return d.write(code)
	case opGet:
		return d.get(d.engine, d.model)
	case opScan:
		return d.scan(d.engine, d.model)
	case opSnapTake, opSnapGet, opSnapScan, opSnapClose:
		return d.snapshotOp(code)
	case opIterOpen, opIterSeek, opIterNext, opIterClose:
		return d.iteratorOp(code)
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
		key := d.p.key(&d.o)
		if code == opDelete || code == opBatch && d.p.byte() < 80 {
			d.batch.Delete(key)
			continue
		}
		d.writes++
		d.value = value(d.value, d.p.valueSize(&d.o), d.writes)
		d.batch.Set(key, d.value)
	}
	rung := d.p.rung(d.rungs)
	if err := d.engine.Apply(&d.batch, rung); err != nil {
		return fmt.Errorf("%v: %w", rung, err)
	}
	d.model.apply(d.batch.Ops())
	d.history.add(&d.batch, rung, d.machine != nil)
	return nil
}

func (d *driver) get(r kv.Reader, model *state) (err error) {
	key := d.p.key(&d.o)
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
	lower, upper, steps := d.p.bound(&d.o), d.p.bound(&d.o), int(d.p.byte())%32
	it, want := r.Scan(lower, upper), model.scan(lower, upper)
	err := agree(it, want, it.First(), want.First())
	for ; err == nil && want.ok && steps > 0; steps-- {
		err = agree(it, want, it.Next(), want.Next())
	}
	if err != nil {
		err = fmt.Errorf("[%s, %s): %w", show(string(lower)), show(string(upper)), err)
	}
	return errors.Join(err, it.Close())
}

// agree compares an iterator with its model after a move of both.
func agree(it kv.Iterator, want *cursor, ok, wantOK bool) error {
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

// release closes all iterators and snapshots.
func (d *driver) release() (err error) {
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
	if d.engine, err = d.open(); err != nil {
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
	if d.engine, err = d.open(); err != nil {
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
