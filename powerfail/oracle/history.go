package oracle

import (
	"sync"

	"lsmlab/engines/kv"
)

// Never is the acknowledgement of a write that failed or was cut short.
const Never int64 = -1

// History is what was asked of a store and what it promised.
type History struct {
	// Base is the content that was durable before the first write.
	Base map[string]string
	// Writes in the order in which they began. Those of one writer came one after
	// the other; a writer stops after its first write that failed, which may be
	// found or not. Only after one that the engine refused for now (kv.ErrExhausted) it
	// goes on: reads have told whether that one is there, as any write that was begun,
	// or is Refused. No key is written by two writers.
	Writes []Write
}

// Write is one batch. Positions count entries of the tier's log: a crash at
// position p has the first p entries behind it.
type Write struct {
	Writer int           `json:"writer"`
	Batch  []byte        `json:"batch"` // encoded, see kv.Batch
	Rung   kv.Durability `json:"rung"`
	Begin  int64         `json:"begin"` // when Apply was called
	Ack    int64         `json:"ack"`   // when it returned without an error, or Never
	// Refused says that the write failed and was not there after: it must never be
	// found.
	Refused bool `json:"refused,omitempty"`
}

// Kept says whether the write, once acknowledged, survives such a crash.
func (w *Write) Kept(k Kind) bool { return w.Rung >= k.keeps() }

// Kind says what a crash takes.
type Kind uint8

// The kinds of crash.
const (
	PowerOff Kind = iota // what was not synced is at stake
	Kill                 // the process died: what the operating system was handed stays
)

// keeps returns the weakest durability level that survives the crash.
func (k Kind) keeps() kv.Durability {
	if k == Kill {
		return kv.Buffered
	}
	return kv.Synced
}

// Cut is one crash: where in the log, and of which kind.
type Cut struct {
	Position int64 `json:"position"`
	Kind     Kind  `json:"kind"`
}

// Recorder writes a history down as it happens. It is safe for concurrent use.
type Recorder struct {
	// Position returns the length of the tier's log. It is called with a lock of
	// the recorder held.
	Position func() int64

	mu      sync.Mutex
	history History
}

// NewRecorder returns a recorder of a store whose durable content is base, which
// it keeps and does not change.
func NewRecorder(base map[string]string, position func() int64) *Recorder {
	return &Recorder{Position: position, history: History{Base: base}}
}

// Begin notes that a write is about to be applied and returns its number. The
// encoding is copied.
func (r *Recorder) Begin(writer int, b *kv.Batch, d kv.Durability) (id int) {
	batch := append([]byte(nil), b.Bytes()...)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history.Writes = append(r.history.Writes, Write{
		Writer: writer, Batch: batch, Rung: d, Begin: r.Position(), Ack: Never,
	})
	return len(r.history.Writes) - 1
}

// Ack notes that the write was acknowledged.
func (r *Recorder) Ack(id int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history.Writes[id].Ack = r.Position()
}

// Refuse notes that the write failed and that reads after it do not see it.
func (r *Recorder) Refuse(id int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history.Writes[id].Refused = true
}

// History returns what was recorded so far; later events do not change it.
func (r *Recorder) History() *History {
	r.mu.Lock()
	defer r.mu.Unlock()
	return &History{Base: r.history.Base, Writes: append([]Write(nil), r.history.Writes...)}
}

// Rung returns the durability level of a write that was begun.
func (r *Recorder) Rung(id int) kv.Durability {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.history.Writes[id].Rung
}
