package workloads

import (
	"bytes"
	"errors"
	"fmt"

	"lsmlab/engines/kv"
)

// Errors of what an engine returned, beside [ErrWrongValue].
var (
	// ErrLost says that a key that must exist was not found.
	ErrLost = errors.New("key is missing")
	// ErrInvented says that a key was found that was never written.
	ErrInvented = errors.New("key was never written")
	// ErrOrder says that the keys of a scan do not rise.
	ErrOrder = errors.New("keys out of order")
)

// Counts are what an [Executor] has done. Bytes are those of keys and values.
type Counts struct {
	Reads          int64 `json:"reads"`  // point reads, including those of read-modify-writes
	Misses         int64 `json:"misses"` // point reads that rightly found nothing
	Writes         int64 `json:"writes"` // entries set
	Deletes        int64 `json:"deletes"`
	Scans          int64 `json:"scans"`
	EntriesScanned int64 `json:"entries_scanned"`
	BytesRead      int64 `json:"bytes_read"`
	BytesWritten   int64 `json:"bytes_written"`

	// Of transactions. Each ends as one of the first three.
	Commits   int64 `json:"commits,omitempty"`
	Rollbacks int64 `json:"rollbacks,omitempty"` // wanted by the workload
	GivenUp   int64 `json:"given_up,omitempty"`  // after too many conflicts
	Conflicts int64 `json:"conflicts,omitempty"` // attempts that ended with kv.ErrConflict
}

// Add adds o to c.
func (c *Counts) Add(o Counts) {
	c.Reads += o.Reads
	c.Misses += o.Misses
	c.Writes += o.Writes
	c.Deletes += o.Deletes
	c.Scans += o.Scans
	c.EntriesScanned += o.EntriesScanned
	c.BytesRead += o.BytesRead
	c.BytesWritten += o.BytesWritten
	c.Commits += o.Commits
	c.Rollbacks += o.Rollbacks
	c.GivenUp += o.GivenUp
	c.Conflicts += o.Conflicts
}

// Negative returns c with the sign of every count changed, to subtract it.
func (c Counts) Negative() Counts {
	return Counts{
		Reads: -c.Reads, Misses: -c.Misses, Writes: -c.Writes, Deletes: -c.Deletes, Scans: -c.Scans,
		EntriesScanned: -c.EntriesScanned, BytesRead: -c.BytesRead, BytesWritten: -c.BytesWritten,
		Commits: -c.Commits, Rollbacks: -c.Rollbacks, GivenUp: -c.GivenUp, Conflicts: -c.Conflicts,
	}
}

// Executor carries operations out on an engine and checks what it reads. It
// belongs to one goroutine and allocates nothing per operation once its buffers
// have grown.
type Executor struct {
	Counts Counts

	engine     kv.Engine
	transactor kv.Transactor // nil if the engine has no transactions
	isolation  kv.Isolation
	durability kv.Durability
	keys       Keys
	keyCount   uint64 // preloaded
	valueSize  int
	sizes      *Sizes // nil if all values have one size
	mayMiss    bool   // a key may have been deleted

	value   []byte
	scratch []byte      // a key made to seek or to name
	last    []byte      // the last key of a scan
	all     kv.Iterator // of ReadNext, open between operations
	txn     txn
}

// NewExecutor returns an executor of w's operations on e. Writes are acknowledged at
// durability level d.
func NewExecutor(w *Workload, e kv.Engine, d kv.Durability) *Executor {
	transactor, _ := e.(kv.Transactor)
	return &Executor{
		engine: e, transactor: transactor, isolation: w.spec.Isolation, durability: d,
		keys: w.keys, keyCount: uint64(w.spec.Keys), valueSize: w.size, sizes: w.spec.ValueSizes, mayMiss: w.deletes,
	}
}

// Do carries out op. An error is either the engine's own, or wraps [ErrWrongValue],
// [ErrLost], [ErrInvented] or [ErrOrder]; all name the key.
func (x *Executor) Do(op *Op) error {
	if op.program != nil {
		return x.transact(op)
	}
	switch op.Kind {
	case Get:
		return x.get(op)
	case GetMissing:
		return x.getMissing(op)
	case Set, Insert:
		return x.set(op)
	case Delete:
		return x.delete(op)
	case ReadModifyWrite:
		if err := x.get(op); err != nil {
			return err
		}
		return x.set(op)
	case Scan:
		return x.scan(op)
	case ReadNext:
		return x.readNext(op)
	case BatchSet:
		if err := x.engine.Apply(op.Batch, x.durability); err != nil {
			return fmt.Errorf("batch of %d from key index %d: %w", op.Batch.Len(), op.Index, err)
		}
		x.Counts.Writes += int64(op.Units)
		x.Counts.BytesWritten += op.bytes
		return nil
	}
	return fmt.Errorf("operation of kind %d", op.Kind)
}

// Close ends an open scan and returns its error.
func (x *Executor) Close() error {
	if x.all == nil {
		return nil
	}
	err := x.all.Close()
	x.all = nil
	return err
}

func (x *Executor) get(op *Op) error {
	value, err := x.engine.Get(x.value[:0], op.Key)
	x.Counts.Reads++
	if err != nil {
		return x.missed(op, err)
	}
	x.value = value
	x.Counts.BytesRead += int64(len(op.Key) + len(value))
	if err := x.checkValue(value, op.Index); err != nil {
		return keyError(op.Kind, op.Key, err)
	}
	return nil
}

// checkValue checks a value that was read. Where sizes differ, the value's own header says
// its size, from 16 bytes on.
func (x *Executor) checkValue(value []byte, index uint64) error {
	if x.sizes == nil {
		return CheckValue(value, index, x.valueSize)
	}
	if size, least := len(value), x.sizes.least(); size < least || size > x.sizes.Max {
		return fmt.Errorf("%w for key index %d: %d bytes, want %d to %d", ErrWrongValue, index, size, least, x.sizes.Max)
	}
	return CheckValue(value, index, len(value))
}

// missed judges the error of a read of a key that was written.
func (x *Executor) missed(op *Op, err error) error {
	if !errors.Is(err, kv.ErrNotFound) {
		return keyError(op.Kind, op.Key, err)
	}
	if !x.mayMiss {
		return keyError(op.Kind, op.Key, fmt.Errorf("%w: index %d was written and never deleted: %w", ErrLost, op.Index, err))
	}
	x.Counts.Misses++
	return nil
}

func (x *Executor) getMissing(op *Op) error {
	value, err := x.engine.Get(x.value[:0], op.Key)
	x.Counts.Reads++
	switch {
	case err == nil:
		return keyError(op.Kind, op.Key, fmt.Errorf("%w: found a value of %d bytes, want not found", ErrInvented, len(value)))
	case !errors.Is(err, kv.ErrNotFound):
		return keyError(op.Kind, op.Key, err)
	}
	x.Counts.Misses++
	return nil
}

func (x *Executor) set(op *Op) error {
	if err := x.engine.Apply(op.Batch, x.durability); err != nil {
		return keyError(op.Kind, op.Key, err)
	}
	x.Counts.Writes++
	x.Counts.BytesWritten += int64(len(op.Key) + len(op.Value))
	op.acknowledge()
	return nil
}

func (x *Executor) delete(op *Op) error {
	if err := x.engine.Apply(op.Batch, x.durability); err != nil {
		return keyError(op.Kind, op.Key, err)
	}
	x.Counts.Deletes++
	x.Counts.BytesWritten += int64(len(op.Key))
	return nil
}

// scan reads up to ScanLen entries, from Key on. The first must be Key itself, because
// Key exists.
func (x *Executor) scan(op *Op) error {
	it := x.engine.Scan(nil, nil)
	x.Counts.Scans++
	ok, found, err := it.SeekGE(op.Key), 0, error(nil)
	for ; ok && found < op.ScanLen; found++ {
		if err = x.entry(it, op, found == 0); err != nil {
			break
		}
		ok = it.Next()
	}
	if closed := it.Close(); err == nil && closed != nil {
		err = keyError(op.Kind, op.Key, closed)
	}
	if err == nil && found == 0 && !x.mayMiss {
		err = keyError(op.Kind, op.Key, fmt.Errorf("%w: the scan from it is empty, index %d was written", ErrLost, op.Index))
	}
	return err
}

// entry checks one entry of a scan: that its key is in order, and that its value
// belongs to its key.
func (x *Executor) entry(it kv.Iterator, op *Op, first bool) error {
	key, value := it.Key(), it.Value()
	x.Counts.EntriesScanned++
	x.Counts.BytesRead += int64(len(key) + len(value))
	switch {
	case first && bytes.Compare(key, op.Key) < 0:
		return keyError(op.Kind, op.Key, fmt.Errorf("%w: the scan from it begins at %s", ErrOrder, quote(key)))
	case first && !x.mayMiss && !bytes.Equal(key, op.Key):
		return keyError(op.Kind, op.Key, fmt.Errorf("%w: the scan from it begins at %s", ErrLost, quote(key)))
	case !first && bytes.Compare(key, x.last) <= 0:
		return keyError(op.Kind, key, fmt.Errorf("%w: it comes after %s", ErrOrder, quote(x.last)))
	}
	x.last = append(x.last[:0], key...)
	index, ok := x.keys.indexOf(key, value)
	if !ok {
		return nil // the value is too short to say to which key it belongs
	}
	if !x.keys.isKeyOf(key, index) {
		return keyError(op.Kind, key, fmt.Errorf("%w: index %d has key %s", ErrInvented, index, quote(x.keys.Append(nil, index))))
	}
	if err := x.checkValue(value, index); err != nil {
		return keyError(op.Kind, key, err)
	}
	return nil
}

func keyError(kind Kind, key []byte, err error) error {
	return fmt.Errorf("%s of key %s: %w", kind, quote(key), err)
}

// quote shows a key of any length and content.
func quote(key []byte) string {
	const most = 64
	if len(key) > most {
		return fmt.Sprintf("%q... (%d bytes)", key[:most], len(key))
	}
	return fmt.Sprintf("%q", key)
}
