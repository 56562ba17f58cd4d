package kvtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"lsmlab/engines/kv"
)

// drivenTxn is a transaction of the engine and all that it did.
type drivenTxn struct {
	real     kv.Txn
	level    kv.Isolation
	readOnly bool
	view     *state // of Begin
	own      kv.Batch
	logged   int // length of the log at Begin
	reads    []read
	refused  bool // a write met a conflict already
}

// read is what a read of a transaction may count as read, and the least that it must.
type read struct{ most, least []span }

const maxTxns = 4

// letWrite ends the transaction that writers of the engine would wait for, before an
// operation that waits.
func (d *driver) letWrite(code opCode) error {
	if !d.h.WritersWait {
		return nil
	}
	switch code {
	case opSet, opDelete, opBatch, opDeleteRange, opFlush, opCompact, opCheckpoint:
	default:
		return nil
	}
	for i, x := range d.txns {
		if !x.readOnly {
			return d.endTxn(i, true)
		}
	}
	return nil
}

func (d *driver) txnOp(code opCode) error {
	if len(d.levels) == 0 {
		return d.withoutTxns(code)
	}
	if code == opTxnBegin {
		return d.beginTxn()
	}
	if len(d.txns) == 0 {
		return nil
	}
	i := int(d.p.byte()) % len(d.txns)
	x := d.txns[i]
	switch code {
	case opTxnSet, opTxnDelete:
		return d.writeTxn(x, code)
	case opTxnGet:
		key := d.p.key(&d.o)
		x.reads = append(x.reads, read{most: []span{pointAt(key)}, least: x.points(key)})
		return d.readTxn(x, func(model *state) error { return d.getKey(x.real, model, key) })
	case opTxnScan, opTxnReverse:
		a := d.scanArguments()
		a.down = code == opTxnReverse
		return d.readTxn(x, func(model *state) error { return d.walkTxn(x, model, a) })
	default:
		return d.endTxn(i, d.p.byte() < 200)
	}
}

// withoutTxns does to the store what a transaction would do.
func (d *driver) withoutTxns(code opCode) error {
	switch code {
	case opTxnSet:
		return d.write(opSet)
	case opTxnDelete:
		return d.write(opDelete)
	case opTxnGet:
		return d.get(d.engine, d.model)
	}
	return nil
}

func (d *driver) beginTxn() error {
	b := d.p.byte()
	if len(d.txns) == maxTxns {
		return nil
	}
	level := d.levels[int(b&3)%len(d.levels)]
	readOnly := b >= 216
	if d.h.WritersWait {
		readOnly = readOnly || slices.ContainsFunc(d.txns, func(x *drivenTxn) bool { return !x.readOnly })
	}
	x, err := d.engine.(kv.Transactor).Begin(kv.TxnOptions{Isolation: level, ReadOnly: readOnly})
	if err == nil {
		d.txns = append(d.txns, &drivenTxn{real: x, level: level, readOnly: readOnly, view: d.model.clone(), logged: len(d.log)})
	}
	return err
}

// readTxn compares a read with the state that the transaction sees. Under ReadCommitted
// that is the newest one, or that of Begin.
func (d *driver) readTxn(x *drivenTxn, check func(model *state) error) error {
	sees := func(s *state) *state {
		s = s.clone()
		s.apply(x.own.Ops())
		return s
	}
	err := check(sees(x.view))
	if err != nil && x.level == kv.ReadCommitted {
		err = check(sees(d.model))
	}
	return err
}

func (d *driver) walkTxn(x *drivenTxn, model *state, a scanArguments) error {
	keys, err := d.walk(x.real, model, a)
	if err != nil {
		return err
	}
	r := read{most: []span{rangeOf(a.lower, a.upper)}, least: x.points(keys...)}
	if _, onlyKeys := d.h.Known[Phantoms]; !onlyKeys && (a.upper == nil || string(a.lower) < string(a.upper)) {
		_, reverses := x.real.(kv.ReverseScanner)
		r.least = append(r.least, walked(a, keys, a.down && reverses))
	}
	x.reads = append(x.reads, r)
	return nil
}

// points are keys that a read returned, without those that the transaction had written: it
// saw what it wrote, whatever others wrote.
func (x *drivenTxn) points(keys ...[]byte) (seen []span) {
	for _, key := range keys {
		own := false
		for ops := x.own.Ops(); ops.Next(); {
			own = own || bytes.Equal(ops.Key, key)
		}
		if !own {
			seen = append(seen, pointAt(key))
		}
	}
	return seen
}

// walked is the range that a scan has seen all of.
func walked(a scanArguments, keys [][]byte, down bool) span {
	switch last := len(keys) - 1; {
	case last < a.steps: // it came to the end
		return rangeOf(a.lower, a.upper)
	case down:
		return rangeOf(keys[last], a.upper)
	default:
		return rangeOf(a.lower, keys[last])
	}
}

func (d *driver) writeTxn(x *drivenTxn, code opCode) error {
	key := d.p.key(&d.o)
	var err error
	var b kv.Batch
	if code == opTxnDelete {
		b.Delete(key)
		err = x.real.Delete(key)
	} else {
		d.writes++
		d.value = value(d.value, d.p.valueSize(&d.o), d.writes)
		b.Set(key, d.value)
		err = x.real.Set(key, d.value)
	}
	switch {
	case x.readOnly:
		if !errors.Is(err, kv.ErrUnsupported) {
			return fmt.Errorf("write of a read-only transaction: %w", err)
		}
	case errors.Is(err, kv.ErrConflict):
		x.refused = true
	case err != nil:
		return err
	case code == opTxnDelete:
		x.own.Delete(key)
	default:
		x.own.Set(key, d.value)
	}
	return nil
}

// endTxn commits or discards, and judges the outcome.
func (d *driver) endTxn(i int, commit bool) error {
	x := d.txns[i]
	d.txns = slices.Delete(d.txns, i, i+1)
	defer func() {
		if len(d.txns) == 0 {
			d.log = nil
		}
	}()
	if !commit {
		x.real.Discard()
		return nil
	}
	durability := d.p.durability(d.durabilities)
	err := x.real.Commit(durability)
	must, may := d.judge(x)
	switch conflict := errors.Is(err, kv.ErrConflict); {
	case conflict && !may:
		return fmt.Errorf("%v: %w, but nobody wrote what it read or wrote", x.level, err)
	case !conflict && err != nil:
		return fmt.Errorf("%v, %v: %w", x.level, durability, err)
	case !conflict && must:
		return fmt.Errorf("%v: the commit passes, which the level forbids", x.level)
	case conflict:
		d.conflicts++
	default:
		d.commits++
		d.applied(&x.own, durability)
	}
	return nil
}

// judge says whether the level asks for a conflict, and whether it allows one.
func (d *driver) judge(x *drivenTxn) (must, may bool) {
	if x.readOnly || x.own.Len() == 0 && !x.refused {
		return false, false
	}
	others := d.log[min(x.logged, len(d.log)):]
	switch x.level {
	case kv.SnapshotIsolation:
		must, may = overwritten(x, others)
	case kv.Serializable:
		_, may = overwritten(x, others)
		for _, r := range x.reads {
			must = must || slices.ContainsFunc(r.least, func(s span) bool { return changed(s, x.view, d.model) })
			may = may || slices.ContainsFunc(r.most, func(s span) bool { return slices.ContainsFunc(others, s.meets) })
		}
	}
	may = may || must || x.refused
	if d.h.FalseConflicts != "" && x.level != kv.ReadCommitted {
		may = true
	}
	return must, may
}

// overwritten says whether others wrote a key that x wrote: for certain, or as part of a
// range that they deleted, where there may have been nothing to delete.
func overwritten(x *drivenTxn, others []span) (key, inRange bool) {
	for ops := x.own.Ops(); ops.Next(); {
		for _, o := range others {
			if o.has(ops.Key) {
				inRange = true
				key = key || o.point
			}
		}
	}
	return key, inRange
}

// changed says whether two states differ in s.
func changed(s span, before, after *state) bool {
	if s.point {
		a, inA := before.Get(string(s.lower))
		b, inB := after.Get(string(s.lower))
		return inA != inB || a != b
	}
	x, y := before.scan(s.lower, s.upper), after.scan(s.lower, s.upper)
	okX, okY := x.First(), y.First()
	for okX && okY && x.it.Key() == y.it.Key() && x.it.Value() == y.it.Value() {
		okX, okY = x.Next(), y.Next()
	}
	return okX || okY
}

// checkpoint copies the store, compares the copy and drops it.
func (d *driver) checkpoint() error {
	c, ok := d.engine.(kv.Checkpointer)
	if !ok {
		return d.checkAll()
	}
	d.copies++
	dir := d.dir + checkpointSuffix + strconv.Itoa(d.copies)
	defer os.RemoveAll(dir)
	if err := c.Checkpoint(dir); err != nil {
		return err
	}
	e, err := d.open(dir)
	if err != nil {
		return err
	}
	content, err := dump(e)
	if err == nil && differences(d.model, content) != 0 {
		err = errors.New(describe(d.model, content))
	}
	return errors.Join(err, e.Close())
}

const maxPast = 64

// notePast remembers the present state for a later look.
func (d *driver) notePast() {
	e, ok := d.engine.(kv.LSNReporter)
	if _, past := d.engine.(kv.Historian); !ok || !past {
		return
	}
	if len(d.past) == maxPast {
		d.past = slices.Delete(d.past, int(d.writes)%maxPast, int(d.writes)%maxPast+1)
	}
	d.past = append(d.past, pastState{last: e.LSN(), state: d.model.clone()})
}

// readPast compares a view of the past, unless that is too old.
func (d *driver) readPast() error {
	if len(d.past) == 0 {
		return nil
	}
	then := d.past[int(d.p.byte())%len(d.past)]
	snap, err := d.engine.(kv.Historian).SnapshotAt(then.last)
	if errors.Is(err, kv.ErrSnapshotTooOld) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("LSN %d: %w", then.last, err)
	}
	content, err := dump(snap)
	if err == nil && differences(then.state, content) != 0 {
		err = fmt.Errorf("LSN %d: %s", then.last, describe(then.state, content))
	}
	return errors.Join(err, snap.Close())
}
