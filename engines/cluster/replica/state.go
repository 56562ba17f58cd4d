package replica

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"lsmlab/engines/cluster/consensus"
	"lsmlab/engines/internal/adapter"
	"lsmlab/engines/kv"
)

// keys maps the keys of the contract to those of an area, which have one byte before them.
var keys = adapter.NewKeys(kv.MaxKeySize-1, nil)

// State is the state machine of a member: what was written, as far as it is applied, be
// it confirmed or not. It is safe for concurrent use, also beside all calls of its
// replica, and is an [adapter.View] that is closed with its store.
type State struct {
	store kv.Engine
	batch kv.Batch // of the work on the state that runs

	mu   sync.RWMutex // held for reading from looking at area until that was read
	area byte
}

// other returns the area that is not in use.
func (s *State) other() byte { return areaX + areaY - s.area }

// use puts an area in use.
func (s *State) use(area byte) {
	s.mu.Lock()
	s.area = area
	s.mu.Unlock()
}

// Get is that of [kv.Reader].
func (s *State) Get(dst, key []byte) ([]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return get(s.store, s.area, dst, key)
}

// Scan returns the entries of [lower, upper) in order.
func (s *State) Scan(lower, upper []byte) (adapter.Cursor, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return scan(s.store, s.area, lower, upper), nil
}

// ScanReverse returns the entries of [lower, upper), downwards.
func (s *State) ScanReverse(lower, upper []byte) (adapter.ReverseCursor, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return scanReverse(s.store, s.area, lower, upper)
}

// Close does nothing: a state is closed with its store.
func (s *State) Close() error { return nil }

// Snapshot returns a view of the state as it is now.
func (s *State) Snapshot() (adapter.View, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	snap, err := s.store.Snapshot()
	if err != nil {
		return nil, err
	}
	return &view{snap, s.area}, nil
}

// view is the state as it was.
type view struct {
	kv.Snapshot
	area byte
}

func (v *view) Get(dst, key []byte) ([]byte, error) { return get(v.Snapshot, v.area, dst, key) }

func (v *view) Scan(lower, upper []byte) (adapter.Cursor, error) {
	return scan(v.Snapshot, v.area, lower, upper), nil
}

func (v *view) ScanReverse(lower, upper []byte) (adapter.ReverseCursor, error) {
	return scanReverse(v.Snapshot, v.area, lower, upper)
}

// inArea returns a key of an area.
func inArea(area byte, key []byte) []byte {
	return append(append(make([]byte, 0, len(key)+1), area), key...)
}

func get(r kv.Reader, area byte, dst, key []byte) ([]byte, error) {
	stored, bucket := keys.Stored(key)
	if !bucket {
		return r.Get(dst, inArea(area, stored))
	}
	list, err := r.Get(nil, inArea(area, stored))
	if err != nil {
		return dst, err
	}
	value, ok := adapter.FromBucket(list, key)
	if !ok {
		return dst, kv.ErrNotFound
	}
	return append(dst, value...), nil
}

func scan(r kv.Reader, area byte, lower, upper []byte) adapter.Cursor {
	return keys.Cursor(&cursor{it: r.Scan([]byte{area}, []byte{area + 1}), area: area}, lower, upper)
}

func scanReverse(r kv.Reader, area byte, lower, upper []byte) (adapter.ReverseCursor, error) {
	from, ok := r.(kv.ReverseScanner)
	if !ok {
		return nil, fmt.Errorf("%w: a reverse scan", kv.ErrUnsupported)
	}
	it := from.ScanReverse([]byte{area}, []byte{area + 1})
	return keys.ReverseCursor(&reverseCursor{it: it, area: area}, lower, upper), nil
}

// reverseCursor is a [cursor] that walks downwards.
type reverseCursor struct {
	it   kv.ReverseIterator
	area byte
}

func (c *reverseCursor) at(ok bool) (key, value []byte, _ bool) {
	if !ok {
		return nil, nil, false
	}
	return c.it.Key()[1:], c.it.Value(), true
}

func (c *reverseCursor) Last() (key, value []byte, ok bool) { return c.at(c.it.Last()) }
func (c *reverseCursor) Prev() (key, value []byte, ok bool) { return c.at(c.it.Prev()) }
func (c *reverseCursor) Close() error                       { return c.it.Close() }

func (c *reverseCursor) SeekLT(key []byte) (k, value []byte, ok bool) {
	return c.at(c.it.SeekLT(inArea(c.area, key)))
}

// cursor walks the stored keys of an area.
type cursor struct {
	it   kv.Iterator
	area byte
}

func (c *cursor) at(ok bool) (key, value []byte, _ bool) {
	if !ok {
		return nil, nil, false
	}
	return c.it.Key()[1:], c.it.Value(), true
}

func (c *cursor) First() (key, value []byte, ok bool) { return c.at(c.it.First()) }
func (c *cursor) Next() (key, value []byte, ok bool)  { return c.at(c.it.Next()) }
func (c *cursor) Close() error                        { return c.it.Close() }

func (c *cursor) SeekGE(key []byte) (k, value []byte, ok bool) {
	return c.at(c.it.SeekGE(inArea(c.area, key)))
}

// apply applies committed entries, up to the point, as one batch.
func (s *State) apply(entries []consensus.Entry, point consensus.Point, level kv.Durability) error {
	s.batch.Reset()
	tx := &tx{State: s}
	for i := range entries {
		e := &entries[i]
		if e.Kind != consensus.Normal || len(e.Data) == 0 {
			continue
		}
		if len(e.Data) < headerSize {
			return fmt.Errorf("%w: log entry %d has %d bytes, want at least %d", kv.ErrCorrupt, e.Index, len(e.Data), headerSize)
		}
		if err := keys.Apply(kv.ReadOps(e.Data[headerSize:]), tx); err != nil {
			return fmt.Errorf("log entry %d: %w", e.Index, err)
		}
	}
	putPoint(&s.batch, s.area, &point)
	return s.store.Apply(&s.batch, level)
}

// tx adds to the batch of a state. It implements [adapter.Tx], which reads buckets alone.
type tx struct {
	*State
	buckets map[string][]byte // those in the batch; nil is deleted
}

func (t *tx) Get(stored []byte) ([]byte, error) {
	list, ok := t.buckets[string(stored)]
	switch {
	case !ok:
		return t.store.Get(nil, inArea(t.area, stored))
	case list == nil:
		return nil, kv.ErrNotFound
	}
	return list, nil
}

func (t *tx) Set(stored, value []byte) error {
	k, v := t.batch.SetDeferred(len(stored)+1, len(value))
	if k == nil {
		return t.batch.Check()
	}
	k[0] = t.area
	copy(k[1:], stored)
	copy(v, value)
	t.note(stored, bytes.Clone(value))
	return nil
}

func (t *tx) Delete(stored []byte) error {
	t.batch.Delete(inArea(t.area, stored))
	t.note(stored, nil)
	return nil
}

func (t *tx) note(stored, list []byte) {
	if len(stored) < keys.Limit {
		return
	}
	if t.buckets == nil {
		t.buckets = map[string][]byte{}
	}
	t.buckets[string(stored)] = list
}

// wipeBatch is how many keys are deleted at once.
const wipeBatch = 1000

// wipe empties an area that is not in use.
func wipe(store kv.Engine, area byte, level kv.Durability) (err error) {
	it := store.Scan([]byte{area}, []byte{area + 1})
	defer func() { err = errors.Join(err, it.Close()) }()
	b := &kv.Batch{}
	for ok := it.First(); ok; {
		b.Delete(it.Key())
		if ok = it.Next(); !ok || b.Len() == wipeBatch {
			if err := store.Apply(b, level); err != nil {
				return err
			}
			b.Reset()
		}
	}
	return nil
}

// hasGarbage says whether the area that is not in use has keys: of a snapshot that did
// not arrive as a whole, or of the state that one replaced.
func (s *State) hasGarbage() (bool, error) {
	it := s.store.Scan([]byte{s.other()}, []byte{s.other() + 1})
	found := it.First()
	return found, it.Close()
}
