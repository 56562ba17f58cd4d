package kvtest

import (
	"bytes"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lsmlab/engines/kv"
)

// The suite must be able to fail. Each engine below is the model with one
// planted fault, made by overriding one method; the named case has to find it.

// broken overrides the methods that are set.
type broken struct {
	*Model
	get      func(m *Model, dst, key []byte) ([]byte, error)
	scan     func(m *Model, lower, upper []byte) kv.Iterator
	apply    func(m *Model, b *kv.Batch, d kv.Durability) error
	snapshot func(m *Model) (kv.Snapshot, error)
	close    func(m *Model) error

	begin       func(m *Model, o kv.TxnOptions) (kv.Txn, error)
	scanReverse func(m *Model, lower, upper []byte) kv.ReverseIterator
	checkpoint  func(m *Model, dir string) error
	snapshotAt  func(m *Model, lsn uint64) (kv.Snapshot, error)
	atTime      func(m *Model, t time.Time) (kv.Snapshot, error)
	writersWait bool // of the harness
}

func (b *broken) Begin(o kv.TxnOptions) (kv.Txn, error) {
	if b.begin != nil {
		return b.begin(b.Model, o)
	}
	return b.Model.Begin(o)
}

func (b *broken) ScanReverse(lower, upper []byte) kv.ReverseIterator {
	if b.scanReverse != nil {
		return b.scanReverse(b.Model, lower, upper)
	}
	return b.Model.ScanReverse(lower, upper)
}

func (b *broken) Checkpoint(dir string) error {
	if b.checkpoint != nil {
		return b.checkpoint(b.Model, dir)
	}
	return b.Model.Checkpoint(dir)
}

func (b *broken) SnapshotAt(lsn uint64) (kv.Snapshot, error) {
	if b.snapshotAt != nil {
		return b.snapshotAt(b.Model, lsn)
	}
	return b.Model.SnapshotAt(lsn)
}

func (b *broken) SnapshotAtTime(t time.Time) (kv.Snapshot, error) {
	if b.atTime != nil {
		return b.atTime(b.Model, t)
	}
	return b.Model.SnapshotAtTime(t)
}

// ApplyLSN hides that of the model, which knows nothing of apply.
func (b *broken) ApplyLSN(batch *kv.Batch, d kv.Durability) (uint64, error) {
	err := b.Apply(batch, d)
	return b.LSN(), err
}

func (b *broken) Get(dst, key []byte) ([]byte, error) {
	if b.get != nil {
		return b.get(b.Model, dst, key)
	}
	return b.Model.Get(dst, key)
}

func (b *broken) Scan(lower, upper []byte) kv.Iterator {
	if b.scan != nil {
		return b.scan(b.Model, lower, upper)
	}
	return b.Model.Scan(lower, upper)
}

func (b *broken) Apply(batch *kv.Batch, d kv.Durability) error {
	if b.apply != nil {
		return b.apply(b.Model, batch, d)
	}
	return b.Model.Apply(batch, d)
}

func (b *broken) Snapshot() (kv.Snapshot, error) {
	if b.snapshot != nil {
		return b.snapshot(b.Model)
	}
	return b.Model.Snapshot()
}

func (b *broken) Close() error {
	if b.close != nil {
		return b.close(b.Model)
	}
	return b.Model.Close()
}

// rewritten applies b with f deciding about each operation.
func rewritten(m *Model, b *kv.Batch, d kv.Durability, f func(out *kv.Batch, op kv.Ops)) error {
	if err := b.Check(); err != nil {
		return err
	}
	var out kv.Batch
	for ops := b.Ops(); ops.Next(); {
		f(&out, ops)
	}
	return m.Apply(&out, d)
}

func copyOp(out *kv.Batch, op kv.Ops) {
	switch op.Kind {
	case kv.OpSet:
		out.Set(op.Key, op.Value)
	case kv.OpDelete:
		out.Delete(op.Key)
	case kv.OpDeleteRange:
		out.DeleteRange(op.Key, op.Value)
	}
}

type fault struct {
	name   string
	caught string // a case of the suite; the random test must find all but those marked deaf
	deaf   bool   // the random test cannot see it
	engine func() *broken
}

var faults = []fault{
	{"get replaces dst", "GetAppends", true, func() *broken {
		return &broken{get: func(m *Model, dst, key []byte) ([]byte, error) { return m.Get(dst[:0], key) }}
	}},
	{"get shares its memory", "GetIsOwned", true, func() *broken {
		var shared [64]byte
		return &broken{get: func(m *Model, dst, key []byte) ([]byte, error) { return m.Get(shared[:0], key) }}
	}},
	{"empty value is no value", "EmptyValue", false, func() *broken {
		return &broken{get: func(m *Model, dst, key []byte) ([]byte, error) {
			got, err := m.Get(dst, key)
			if err == nil && len(got) == len(dst) {
				err = kv.ErrNotFound
			}
			return got, err
		}}
	}},
	{"deletes are dropped", "PointReads", false, func() *broken {
		return &broken{apply: func(m *Model, b *kv.Batch, d kv.Durability) error {
			return rewritten(m, b, d, func(out *kv.Batch, op kv.Ops) {
				if op.Kind == kv.OpSet {
					out.Set(op.Key, op.Value)
				}
			})
		}}
	}},
	{"batches run backwards", "BatchOrder", false, func() *broken {
		return &broken{apply: func(m *Model, b *kv.Batch, d kv.Durability) error {
			var all []kv.Ops
			for ops := b.Ops(); ops.Next(); {
				all = append(all, ops)
			}
			slices.Reverse(all)
			var out kv.Batch
			for _, op := range all {
				copyOp(&out, op)
			}
			return errors.Join(b.Check(), m.Apply(&out, d))
		}}
	}},
	{"batches are applied one by one", "ConcurrentBatches", true, func() *broken {
		return &broken{apply: func(m *Model, b *kv.Batch, d kv.Durability) error {
			err := b.Check()
			for ops := b.Ops(); err == nil && ops.Next(); {
				var one kv.Batch
				copyOp(&one, ops)
				err = m.Apply(&one, d)
				runtime.Gosched()
			}
			if b.Len() == 0 && err == nil {
				err = m.Apply(b, d)
			}
			return err
		}}
	}},
	{"a refused batch leaves a part", "BatchRefused", true, func() *broken {
		return &broken{apply: func(m *Model, b *kv.Batch, d kv.Durability) error {
			var out kv.Batch
			for ops := b.Ops(); ops.Next(); {
				copyOp(&out, ops)
			}
			return errors.Join(m.Apply(&out, d), b.Check())
		}}
	}},
	{"long keys are cut", "KeySizes", true, func() *broken {
		return &broken{apply: func(m *Model, b *kv.Batch, d kv.Durability) error {
			return rewritten(m, b, d, func(out *kv.Batch, op kv.Ops) {
				op.Key = op.Key[:min(len(op.Key), 65535)] // of range deletes the lower bound
				copyOp(out, op)
			})
		}}
	}},
	{"zeros at the end of keys are lost", "KeySizes", false, func() *broken {
		return &broken{apply: func(m *Model, b *kv.Batch, d kv.Durability) error {
			return rewritten(m, b, d, func(out *kv.Batch, op kv.Ops) {
				op.Key = bytes.TrimRight(op.Key, "\x00")
				copyOp(out, op)
			})
		}}
	}},
	{"scan sees an old state", "EmptyValue", false, func() *broken {
		var first atomic.Pointer[state]
		return &broken{scan: func(m *Model, lower, upper []byte) kv.Iterator {
			m.mu.Lock()
			defer m.mu.Unlock()
			first.CompareAndSwap(nil, m.state.clone())
			return &modelIter{cursor: *first.Load().scan(lower, upper), m: m}
		}}
	}},
	{"upper bound is inclusive", "ScanBounds", false, func() *broken {
		return &broken{scan: func(m *Model, lower, upper []byte) kv.Iterator {
			if upper != nil {
				upper = append(bytes.Clone(upper), 0)
			}
			return m.Scan(lower, upper)
		}}
	}},
	{"empty upper bound is none", "ScanBounds", false, func() *broken {
		return &broken{scan: func(m *Model, lower, upper []byte) kv.Iterator {
			if len(upper) == 0 {
				upper = nil
			}
			return m.Scan(lower, upper)
		}}
	}},
	{"iterator is made at its first move", "ScanWhileWriting", false, func() *broken {
		return &broken{scan: func(m *Model, lower, upper []byte) kv.Iterator {
			return &lazyIter{make: func() kv.Iterator { return m.Scan(lower, upper) }}
		}}
	}},
	{"snapshots show the newest state", "Snapshot", false, func() *broken {
		return &broken{snapshot: func(m *Model) (kv.Snapshot, error) {
			snap, err := m.Snapshot()
			return liveSnapshot{snap, m}, err
		}}
	}},
	{"close works twice", "UseAfterClose", true, func() *broken {
		return &broken{close: func(m *Model) error { m.Close(); return nil }}
	}},
	{"every durability is accepted", "DurabilityLevels", true, func() *broken {
		return &broken{apply: func(m *Model, b *kv.Batch, _ kv.Durability) error { return m.Apply(b, kv.Synced) }}
	}},
}

type lazyIter struct {
	make func() kv.Iterator
	kv.Iterator
}

func (l *lazyIter) get() kv.Iterator {
	if l.Iterator == nil {
		l.Iterator = l.make()
	}
	return l.Iterator
}

func (l *lazyIter) First() bool            { return l.get().First() }
func (l *lazyIter) SeekGE(key []byte) bool { return l.get().SeekGE(key) }
func (l *lazyIter) Next() bool             { return l.get().Next() }
func (l *lazyIter) Close() error           { return l.get().Close() }

type liveSnapshot struct {
	kv.Snapshot
	m *Model
}

func (s liveSnapshot) Get(dst, key []byte) ([]byte, error)  { return s.m.Get(dst, key) }
func (s liveSnapshot) Scan(lower, upper []byte) kv.Iterator { return s.m.Scan(lower, upper) }

func TestSuiteFindsFaults(t *testing.T) {
	for _, f := range slices.Concat(faults, txnFaults, abilityFaults) {
		t.Run(f.name, func(t *testing.T) {
			d := new(disks)
			h := Harness{WritersWait: f.engine().writersWait, Open: func(dir string) (kv.Engine, error) {
				e, err := d.open(dir)
				if err != nil {
					return nil, err
				}
				b := f.engine()
				b.Model = e.(*Model)
				return b, nil
			}}
			i := slices.IndexFunc(Cases(), func(c Case) bool { return c.Name == f.caught })
			if text := failure(t, func(t testing.TB) { Cases()[i].Run(t, h) }); text == "" {
				t.Errorf("case %s does not see it", f.caught)
			} else {
				t.Logf("%s says: %s", f.caught, text)
			}
			text := failure(t, func(t testing.TB) { RunRandom(t, h, 1, 20_000) })
			if (text == "") != f.deaf {
				t.Errorf("random test: deaf is %v, it says: %q", f.deaf, text)
			}
			if text != "" && !strings.Contains(text, " ./engines/kv/kvtest -run '^TestSuiteFindsFaults$/") {
				t.Errorf("no command to run again in %q", text)
			}
		})
	}
}

// TestEveryCaseFindsAFault: a case that no planted fault makes fail may be one that cannot
// fail. The older cases without a fault of their own are named.
func TestEveryCaseFindsAFault(t *testing.T) {
	byCase := map[string]bool{
		// Those of a machine have TestSuiteFindsLostCommits.
		"TxnCrash": true, "CheckpointCrash": true,
		"ArgumentsAreCopied": true, "BatchBig": true, "BatchHuge": true, "ValueSizes": true, "ScanMoves": true,
		"SnapshotMany": true, "SnapshotClosed": true, "Reopen": true, "CloseUnderReaders": true, "OpenTwice": true,
		"DurabilityMixed": true, "Abilities": true, "AbilitiesOnEmpty": true, "ConcurrentWriters": true,
		"SharedSnapshot": true, "CloseWhileWorking": true, "GetIsOwned": true,
	}
	for _, f := range slices.Concat(faults, txnFaults, abilityFaults) {
		byCase[f.caught] = true
	}
	for _, c := range Cases() {
		if !byCase[c.Name] {
			t.Errorf("no planted fault for %s", c.Name)
		}
	}
}

// lossy loses or mixes states in crashes in ways that no engine may.
type lossy struct {
	*machine
	crash func(m *machine, kind CrashKind)
}

func (l *lossy) Crash(kind CrashKind, _ uint64) {
	l.crash(l.machine, kind)
	l.states = nil
}

// TestRandomReportsFailedOpen: a store that does not open after a crash is a
// finding with its command, not a panic.
func TestRandomReportsFailedOpen(t *testing.T) {
	h := Harness{NewMachine: func() Machine { return &unopenable{machine: newMachine().(*machine)} }}
	text := failure(t, func(t testing.TB) { RunRandom(t, h, 1, 20_000) })
	if !strings.Contains(text, "open after crash") || !strings.Contains(text, "run again") {
		t.Errorf("it says: %q", text)
	}
}

type unopenable struct {
	*machine
	crashed bool
}

func (u *unopenable) Crash(kind CrashKind, seed uint64) {
	u.machine.Crash(kind, seed)
	u.crashed = true
}

func (u *unopenable) Open(dir string) (kv.Engine, error) {
	if u.crashed {
		return nil, kv.ErrCorrupt
	}
	return u.machine.Open(dir)
}

func TestRandomFindsLostWrites(t *testing.T) {
	faults := map[string]func(m *machine, kind CrashKind){
		"a synced write is lost": func(m *machine, _ CrashKind) { m.saved[storeDir] = m.states[max(m.synced-1, 0)] },
		"a kill loses a buffered write": func(m *machine, kind CrashKind) {
			m.saved[storeDir] = m.states[m.handed]
			if kind == Kill {
				m.saved[storeDir] = m.states[m.synced]
			}
		},
		"the newest write survives, the one before not": func(m *machine, _ CrashKind) {
			m.saved[storeDir] = m.states[len(m.states)-1].clone()
			m.saved[storeDir].Set("unwritten before", "x")
		},
		"half of a batch survives": func(m *machine, _ CrashKind) {
			m.saved[storeDir] = m.states[len(m.states)-1].clone()
			m.saved[storeDir].PopMin()
		},
	}
	for name, crash := range faults {
		t.Run(name, func(t *testing.T) {
			h := Harness{NewMachine: func() Machine { return &lossy{newMachine().(*machine), crash} }}
			if text := failure(t, func(t testing.TB) { RunRandom(t, h, 1, 20_000) }); text == "" {
				t.Error("not found")
			} else {
				t.Log(text)
			}
		})
	}
}
