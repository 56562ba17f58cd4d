package trace

import (
	"errors"
	"sync"
	"time"

	"lsmlab/engines/kv"
)

// Recorder is an engine that writes down what is asked of it, and asks another engine for
// it. Operations are in the trace in the order in which they were asked for or, if they
// run beside each other, in one of the orders. Closing it ends the trace.
//
// It flushes, compacts and tells metrics as the engine does. It has no transactions: what
// those read belongs to no one moment.
type Recorder struct {
	kv.Engine
	mu    sync.Mutex
	w     *Writer
	start time.Time
	err   error // the first of the trace
}

// NewRecorder records e into w, both of which it closes.
func NewRecorder(e kv.Engine, w *Writer) *Recorder {
	return &Recorder{Engine: e, w: w, start: time.Now()}
}

// add writes events that happen now. A trace that cannot be written does not fail the
// engine; Close tells of it.
func (r *Recorder) add(events ...Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Since(r.start)
	for i := range events {
		events[i].At = now
		if err := r.w.Append(&events[i]); err != nil && r.err == nil {
			r.err = err
		}
	}
}

// Get implements [kv.Engine].
func (r *Recorder) Get(dst, key []byte) ([]byte, error) { return r.get(r.Engine, dst, key) }

func (r *Recorder) get(from kv.Reader, dst, key []byte) ([]byte, error) {
	value, err := from.Get(dst, key)
	e := Event{Kind: Get, Key: key}
	if err == nil {
		e.Size = len(value) - len(dst)
	}
	r.add(e)
	return value, err
}

// Scan implements [kv.Engine].
func (r *Recorder) Scan(lower, upper []byte) kv.Iterator {
	return &scan{Iterator: r.Engine.Scan(lower, upper), r: r, lower: lower}
}

// Apply implements [kv.Engine]. A batch that fails is in the trace too.
func (r *Recorder) Apply(b *kv.Batch, d kv.Durability) error {
	events := make([]Event, 0, b.Len())
	for ops := b.Ops(); ops.Next(); {
		e := Event{Kind: Set, Key: ops.Key, Size: len(ops.Value), More: true}
		switch ops.Kind {
		case kv.OpDelete:
			e.Kind, e.Size = Delete, 0
		case kv.OpDeleteRange:
			e = Event{Kind: DeleteRange, Key: ops.Key, Upper: ops.Value, More: true}
		}
		events = append(events, e)
	}
	if len(events) > 0 {
		events[len(events)-1].More = false
		r.add(events...)
	}
	return r.Engine.Apply(b, d)
}

// Snapshot implements [kv.Engine]. What is read of the snapshot is recorded.
func (r *Recorder) Snapshot() (kv.Snapshot, error) {
	s, err := r.Engine.Snapshot()
	if err != nil {
		return nil, err
	}
	return &snapshot{s, r}, nil
}

// Flush implements [kv.Flusher]. An engine without it has nothing to flush.
func (r *Recorder) Flush() error {
	if f, ok := r.Engine.(kv.Flusher); ok {
		return f.Flush()
	}
	return nil
}

// Compact implements [kv.Compacter]. An engine without it has nothing to compact.
func (r *Recorder) Compact() error {
	if c, ok := r.Engine.(kv.Compacter); ok {
		return c.Compact()
	}
	return nil
}

// Metrics implements [kv.Metricer]; all are 0 of an engine that has none.
func (r *Recorder) Metrics() (m kv.Metrics) {
	if e, ok := r.Engine.(kv.Metricer); ok {
		m = e.Metrics()
	}
	return m
}

// Close ends the trace and closes the engine.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.Engine.Close(), r.err, r.w.Close())
}

type snapshot struct {
	kv.Snapshot
	r *Recorder
}

func (s *snapshot) Get(dst, key []byte) ([]byte, error) { return s.r.get(s.Snapshot, dst, key) }

func (s *snapshot) Scan(lower, upper []byte) kv.Iterator {
	return &scan{Iterator: s.Snapshot.Scan(lower, upper), r: s.r, lower: lower}
}

// scan counts the entries from each seek on.
type scan struct {
	kv.Iterator
	r       *Recorder
	lower   []byte
	from    []byte
	began   bool
	entries int
}

func (s *scan) begin(from []byte, ok bool) bool {
	s.end()
	s.began, s.from, s.entries = true, append(s.from[:0], from...), 0
	if ok {
		s.entries = 1
	}
	return ok
}

// end writes down the scan since the last seek.
func (s *scan) end() {
	if s.began {
		s.r.add(Event{Kind: Scan, Key: s.from, Entries: s.entries})
	}
	s.began = false
}

func (s *scan) First() bool            { return s.begin(s.lower, s.Iterator.First()) }
func (s *scan) SeekGE(key []byte) bool { return s.begin(key, s.Iterator.SeekGE(key)) }
func (s *scan) Close() error           { s.end(); return s.Iterator.Close() }

func (s *scan) Next() bool {
	ok := s.Iterator.Next()
	if ok {
		s.entries++
	}
	return ok
}
