package lsm

import (
	"fmt"
	"sync"

	"lsmlab/engines/internal/planted"
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/writeset"
)

// Begin implements [kv.Transactor], for every isolation level. Transactions wait for
// nobody: who comes second at commit meets [kv.ErrConflict] (conflict.go).
func (db *DB) Begin(o kv.TxnOptions) (kv.Txn, error) {
	if db.closing.Load() {
		return nil, kv.ErrClosed
	}
	t := &txn{db: db, level: o.Isolation, readOnly: o.ReadOnly}
	switch t.level {
	case kv.ReadCommitted:
		t.readAt = ikey.Seq(db.LSN())
		return t, nil
	case kv.SnapshotIsolation, kv.Serializable:
	default:
		return nil, fmt.Errorf("%w: isolation level %v", kv.ErrUnsupported, o.Isolation)
	}
	if t.checked() {
		db.writes.recent.open.Add(1)
	}
	db.pins.add(&t.pin, &db.published)
	if db.opts.DurableReads {
		if err := db.awaitDurable(t.pin.seq); err != nil {
			t.end()
			return nil, err
		}
	}
	return t, nil
}

// txn is a transaction. Its writes are one batch, and stand in own too, in order.
type txn struct {
	db       *DB
	pin      pin // what it reads at; not with ReadCommitted
	level    kv.Isolation
	readOnly bool
	ended    bool
	// readAt is the LSN of the last read with ReadCommitted, or of Begin.
	readAt    ikey.Seq
	committed ikey.Seq // LSN of its last write
	walks     []*txnWalk
	*txnMemory
}

// txnMemory is what a transaction uses from its first write, or noted read, on. It is
// reused.
type txnMemory struct {
	batch kv.Batch
	own   writeset.Set
	foot  footprint
	text  []byte // of the keys in foot that were read
}

var txnMemories = sync.Pool{New: func() any { return new(txnMemory) }}

// mostPooled is the bytes beyond which a batch, or what was read, is not reused.
const mostPooled = 1 << 20

// memory returns the memory, made now if there is none.
func (t *txn) memory() *txnMemory {
	if t.txnMemory == nil {
		t.txnMemory = txnMemories.Get().(*txnMemory)
	}
	return t.txnMemory
}

// over returns why the transaction goes on no more, or nil: it or the store has ended, or
// it was cut. Also what needs no version, such as its own writes, is refused then: it
// cannot commit.
func (t *txn) over() error {
	if t.ended || t.db.closing.Load() {
		return kv.ErrClosed
	}
	return t.pin.lost()
}

// checked says whether others may keep the transaction from committing.
func (t *txn) checked() bool { return !t.readOnly && t.level != kv.ReadCommitted }

// notes says whether what is read must be noted.
func (t *txn) notes() bool { return !t.readOnly && t.level == kv.Serializable }

// wrote says whether there are own writes.
func (t *txn) wrote() bool { return t.txnMemory != nil && t.own.Len() > 0 }

// Get implements [kv.Txn].
func (t *txn) Get(dst, key []byte) ([]byte, error) {
	if err := t.over(); err != nil {
		return dst, err
	}
	if t.wrote() {
		if value, kind, ok := t.own.Get(key); ok {
			return result(append(dst, value...), dst, ikey.Kind(kind))
		}
	}
	if t.notes() {
		t.foot.addKey(t.memory().keep(key))
	}
	s, seq, err := t.read()
	if err != nil {
		return dst, err
	}
	defer s.release()
	return t.db.get(s, dst, key, seq, nil)
}

// Scan implements [kv.Txn].
func (t *txn) Scan(lower, upper []byte) kv.Iterator {
	if err := t.over(); err != nil {
		return failedIterator{err}
	}
	s, seq, err := t.read()
	if err != nil {
		return failedIterator{err}
	}
	base := t.db.newIterator(s, seq, &t.pin, lower, upper)
	if !t.wrote() && !t.notes() {
		return base
	}
	return t.newIterator(base, lower, upper)
}

// read returns a reference on the state to read and the LSN as of which.
func (t *txn) read() (stateRef, ikey.Seq, error) {
	s, ok := t.db.acquire()
	if !ok {
		return s, 0, kv.ErrClosed
	}
	if t.level != kv.ReadCommitted {
		err := t.pin.lost() // looked at last
		if err != nil {
			s.release()
		}
		return s, t.pin.seq, err
	}
	seq, err := t.db.readSeq(s)
	if err != nil {
		s.release()
		return stateRef{}, 0, err
	}
	t.readAt = seq
	return s, seq, nil
}

// keep returns a copy of key that stays as long as the memory is not reset.
func (m *txnMemory) keep(key []byte) []byte {
	n := len(m.text)
	m.text = append(m.text, key...) // keys in memory that it leaves behind stay as they are
	return m.text[n:len(m.text):len(m.text)]
}

// Set implements [kv.Txn].
func (t *txn) Set(key, value []byte) error {
	if err := t.writable(len(key), len(value)); err != nil {
		return err
	}
	k, v := t.batch.SetDeferred(len(key), len(value))
	copy(k, key)
	copy(v, value)
	t.own.Add(kv.OpSet, k, v) // views of the batch's memory, which grows and never changes
	return nil
}

// Delete implements [kv.Txn].
func (t *txn) Delete(key []byte) error {
	if err := t.writable(len(key), 0); err != nil {
		return err
	}
	t.batch.Delete(key)
	encoded := t.batch.Bytes() // which ends with the key
	t.own.Add(kv.OpDelete, encoded[len(encoded)-len(key):len(encoded):len(encoded)], nil)
	return nil
}

// writable returns why a write of that size is refused, or nil, and then there is memory.
func (t *txn) writable(keySize, valueSize int) error {
	if err := t.over(); err != nil {
		return err
	}
	if t.readOnly {
		return fmt.Errorf("%w: a write in a read-only transaction", kv.ErrUnsupported)
	}
	return t.memory().batch.Admit(keySize, valueSize)
}

// Commit implements [kv.Txn].
func (t *txn) Commit(d kv.Durability) error {
	if t.ended {
		return kv.ErrClosed
	}
	defer t.end()
	if err := t.over(); err != nil {
		return err
	}
	if err := t.db.gives(d); err != nil {
		return err
	}
	if !t.wrote() {
		return nil
	}
	if !t.checked() || planted.Is(planted.TxnUnchecked) {
		return t.apply(d, nil)
	}
	c := t.validation()
	err := c.begin()
	if err == nil {
		err = t.apply(d, c)
	}
	if err == errLapped { //nolint:errorlint // it is never wrapped
		c.locked = true
		err = t.apply(d, c)
	}
	t.db.published.wait(c.met)
	return err
}

func (t *txn) apply(d kv.Durability, c *validation) (err error) {
	t.committed, err = t.db.apply(&t.batch, d, c, nil)
	return err
}

// validation returns the decision about t, which ended its reads and writes.
func (t *txn) validation() *validation {
	for _, it := range t.walks {
		it.noteWalk()
	}
	for ops := t.batch.Ops(); ops.Next(); {
		t.foot.addKey(ops.Key)
	}
	t.foot.seal()
	return &validation{db: t.db, foot: &t.foot, pin: &t.pin, since: t.pin.seq}
}

// Discard implements [kv.Txn].
func (t *txn) Discard() {
	if t.ended {
		return
	}
	if planted.Is(planted.TxnDiscardApplied) {
		t.applyDiscarded()
	}
	t.end()
}

// end lets go of all that the transaction holds.
func (t *txn) end() {
	t.ended = true
	if t.checked() {
		t.db.writes.recent.open.Add(-1)
	}
	if t.level != kv.ReadCommitted {
		t.db.unpin(&t.pin)
	}
	m := t.txnMemory
	t.txnMemory = nil
	if m == nil || len(t.walks) > 0 || len(m.batch.Bytes())+len(m.text) > mostPooled {
		return // iterators that are still open may look at it
	}
	m.batch.Reset()
	m.own.Reset()
	m.foot.reset()
	m.text = m.text[:0]
	txnMemories.Put(m)
}

// ReadLSN implements [kv.LSNTxn]. With ReadCommitted it is that of the last read, or
// of Begin.
func (t *txn) ReadLSN() uint64 {
	if t.level == kv.ReadCommitted {
		return uint64(t.readAt)
	}
	return uint64(t.pin.seq)
}

// CommitLSN implements [kv.LSNTxn].
func (t *txn) CommitLSN() uint64 { return uint64(t.committed) }
