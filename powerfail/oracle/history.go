package oracle

import (
	"sync"

	"lsmlab/engines/kv"
)

// Never is the acknowledgement of a write that failed or was interrupted.
const Never int64 = -1

// History is what a store was asked to do, and what it promised.
type History struct {
	// Base is the content that was durable before the first write.
	Base map[string]string
	// BaseLSN is the newest LSN of the store when it had that content. If it is 0 and Base is not
	// empty, earlier states are not asked for. It is not stored with the history.
	BaseLSN uint64
	// Writes are in the order in which they began. The writes of one writer follow each
	// other. A writer stops after its first write that failed, which may or may not be
	// found. There is one exception: after a write that the engine refused for the
	// moment (kv.ErrExhausted) the writer goes on. Reads have told whether that write
	// is in the store, in which case it counts as begun; otherwise it is Refused. No
	// two writers write the same key.
	Writes []Write
}

// Write is one batch. Positions count entries of the tier's log: a crash at position p
// comes after the first p entries.
type Write struct {
	Writer     int           `json:"writer"`
	Batch      []byte        `json:"batch"` // encoded, see kv.Batch
	Durability kv.Durability `json:"rung"`
	Begin      int64         `json:"begin"` // the position when Apply was called
	Ack        int64         `json:"ack"`   // the position when Apply returned without an error, or Never
	// Refused says that the write failed and was not in the store afterwards. It must
	// never be found.
	Refused bool `json:"refused,omitempty"`
	// Aborted says that the write is what a transaction wrote that was discarded, or whose
	// commit met a conflict. It must never be found.
	Aborted bool `json:"aborted,omitempty"`
}

// dropped says whether the write must never be found.
func (w *Write) dropped() bool { return w.Refused || w.Aborted }

// Kept says whether the write, once it was acknowledged, survives such a crash.
func (w *Write) Kept(k Kind) bool { return w.Durability >= k.keeps() }

// Kind says what a crash takes.
type Kind uint8

// The kinds of crash.
const (
	PowerOff Kind = iota // what was not synced may be lost
	Kill                 // the process died: what the operating system was given survives
)

// keeps returns the weakest durability level that survives the crash.
func (k Kind) keeps() kv.Durability {
	if k == Kill {
		return kv.Buffered
	}
	return kv.Synced
}

// Cut is one crash: its position in the log, and its kind.
type Cut struct {
	Position int64 `json:"position"`
	Kind     Kind  `json:"kind"`
}

// Recorder records a history as it happens. It is safe for concurrent use.
type Recorder struct {
	// Position returns the length of the tier's log. The recorder calls it with its
	// lock held.
	Position func() int64

	mu      sync.Mutex
	history History
}

// NewRecorder returns a recorder for a store whose durable content is base. The
// recorder keeps base and does not change it.
func NewRecorder(base map[string]string, position func() int64) *Recorder {
	return &Recorder{Position: position, history: History{Base: base}}
}

// SetBaseLSN records the newest LSN of the store when it had its base.
func (r *Recorder) SetBaseLSN(lsn uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history.BaseLSN = lsn
}

// Begin records that a write is about to be applied, and returns its number. It copies
// the encoding.
func (r *Recorder) Begin(writer int, b *kv.Batch, d kv.Durability) (id int) {
	batch := append([]byte(nil), b.Bytes()...)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history.Writes = append(r.history.Writes, Write{
		Writer: writer, Batch: batch, Durability: d, Begin: r.Position(), Ack: Never,
	})
	return len(r.history.Writes) - 1
}

// Ack records that the write was acknowledged.
func (r *Recorder) Ack(id int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history.Writes[id].Ack = r.Position()
}

// Refuse records that the write failed and that reads after it do not see it.
func (r *Recorder) Refuse(id int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history.Writes[id].Refused = true
}

// Abort records that the write is that of a transaction that applied nothing.
func (r *Recorder) Abort(id int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history.Writes[id].Aborted = true
}

// History returns what was recorded so far. Later events do not change it.
func (r *Recorder) History() *History {
	r.mu.Lock()
	defer r.mu.Unlock()
	return &History{Base: r.history.Base, BaseLSN: r.history.BaseLSN, Writes: append([]Write(nil), r.history.Writes...)}
}

// Durability returns the durability level of a write that was begun.
func (r *Recorder) Durability(id int) kv.Durability {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.history.Writes[id].Durability
}
