package workloads

import (
	"cmp"
	"fmt"
	"math"

	"lsmlab/workloads/dist"
)

// Workload is one run of one spec. Its methods are safe for concurrent use. Each value
// that they return belongs to one goroutine.
type Workload struct {
	spec    Spec
	def     *definition
	mix     []share
	keys    Keys
	inserts *inserts // nil if no operation inserts
	deletes bool     // a key may be gone
	size    int      // of values, bytes
	repeat  uint8
	ledger  ledger // nil if the workload has no transactions
}

// New checks spec and returns its workload.
func New(spec Spec) (*Workload, error) {
	def, err := define(spec.Workload)
	if err != nil {
		return nil, err
	}
	if err := spec.check(def); err != nil {
		return nil, err
	}
	mix := def.mix
	if mix == nil {
		if mix, err = parseMix(spec.Mix); err != nil {
			return nil, spec.wrong("mix", "is wrong: %w", err)
		}
	}
	spec = spec.withDefaults(def)
	w := &Workload{
		spec:   spec,
		def:    def,
		mix:    mix,
		keys:   Keys{def.keys, spec.KeySize},
		size:   max(spec.ValueSize, 0),
		repeat: uint8(min(math.Round(spec.Compressible*repeatWhole), repeatWhole-1)),
	}
	if shareOf(mix, Insert) > 0 {
		w.inserts = newInserts(uint64(spec.Keys))
	}
	w.deletes = shareOf(mix, Delete) > 0
	if def.open != nil {
		w.ledger = def.open(spec)
	}
	return w, nil
}

// Spec returns the spec with every default filled in.
func (w *Workload) Spec() Spec { return w.spec }

// Keys returns how key indices become keys.
func (w *Workload) Keys() Keys { return w.keys }

// ValueSize returns the size of every value, in bytes; the mean if sizes differ.
func (w *Workload) ValueSize() int { return w.size }

// SizesDiffer says that values have different sizes.
func (w *Workload) SizesDiffer() bool { return w.spec.ValueSizes != nil }

// Preload returns the order in which all keys have to be stored before the first
// operation. It is "" if the workload starts with an empty store. After a preload, the
// caller flushes and compacts the store, if the engine can, before the warm-up, so that
// all engines start without work left over: see CompactFirst.
func (w *Workload) Preload() Order { return w.spec.PreloadOrder }

// Killed says that a separate process does the preload and is then killed, so that
// opening the store means recovery.
func (w *Workload) Killed() bool { return w.def.killed }

// CompactFirst says whether the store is flushed and compacted between preload and warm-up.
func (w *Workload) CompactFirst() bool { return w.Preload() != "" && !w.Killed() }

// Streams returns the number of streams: the threads of the spec, and after them
// a background writer if the workload has one.
func (w *Workload) Streams() int {
	return w.spec.Threads + btoi(w.def.background != nil)
}

// Role returns the role of stream i.
func (w *Workload) Role(i int) Role {
	if i >= w.spec.Threads {
		return Background
	}
	return Foreground
}

// Seeds of a workload's random streams, which must differ. Stream i of the operations
// uses 2i and 2i+1.
const (
	seedPreload    = 1 << 32
	seedNearSorted = seedPreload + 1
	seedSizes      = 1 << 40 // and what follows, one for each key
)

// Stream returns stream i of Streams. A foreground stream ends after its part of
// warm-up and operations. A background stream never ends: the caller stops it when the
// others have ended. Call Stream once for each i.
func (w *Workload) Stream(i int) *Stream {
	if i < 0 || i >= w.Streams() {
		panic(fmt.Sprintf("workloads: stream %d of %d", i, w.Streams()))
	}
	spec := &w.spec
	s := w.newStream(uint32(i), dist.NewSource(spec.Seed, uint64(2*i+1)))
	s.left = math.MaxInt64
	mix := w.mix
	if w.Role(i) == Background {
		s.role, mix = Background, w.def.background
	} else {
		s.warm = part(max(spec.Warmup, 0), i, spec.Threads)
		if spec.Operations != Unlimited {
			s.left = s.warm + part(spec.Operations, i, spec.Threads)
		}
	}
	s.kinds = newChooser(mix)
	s.indices = w.indices(i)
	s.scanLengths = w.def.scanLengths
	if spec.PhaseLength > 0 {
		t := newTurns(mix, spec.PhaseLength)
		s.turns = &t
		if w.def.rows {
			s.row = &keyRow{n: uint64(spec.Keys)}
		}
	}
	if w.ledger != nil {
		s.client, s.choices = w.ledger.client(i), w.ledger.choices()
	}
	return s
}

// indices returns the distribution of stream i's key indices.
func (w *Workload) indices(i int) dist.Generator {
	spec := &w.spec
	n := uint64(spec.Keys)
	if w.ledger != nil {
		n = w.ledger.choices()
	}
	if hot := w.def.hotKeys; hot > 0 {
		n = (n + uint64(hot) - 1) / uint64(hot)
	}
	if w.inserts != nil && spec.Distribution == dist.NameZipfian {
		n += w.expectedInserts()
	}
	if w.def.ordered() {
		first := int64(0)
		if !w.def.eachThreadAll {
			first = partStart(spec.Keys, i, spec.Threads)
		}
		if o := spec.NearSorted; o != nil {
			return dist.NewNearSorted(n, uint64(first), o.K, o.L, dist.NewSource(spec.Seed, seedNearSorted))
		}
		return dist.NewSequential(n, uint64(first))
	}
	if w.def.generator != nil {
		return w.def.generator(n, dist.NewSource(spec.Seed, uint64(2*i)))
	}
	g, err := dist.New(spec.Distribution, n, spec.Theta, dist.NewSource(spec.Seed, uint64(2*i)))
	if err != nil {
		panic(err) // the spec was checked
	}
	return g
}

// expectedInserts returns what YCSB's CoreWorkload adds to the items of its zipfian
// distribution: twice the number of inserts to come. For an endless run it is an eighth
// of the keys; keys beyond these are written but never read.
func (w *Workload) expectedInserts() uint64 {
	if w.spec.Operations == Unlimited {
		return uint64(w.spec.Keys)/8 + 1
	}
	total := w.spec.Operations + max(w.spec.Warmup, 0)
	return uint64(2 * shareOf(w.mix, Insert) * float64(total))
}

// preloadBatch bounds the batches of a preload.
const (
	preloadBatchEntries = 1000
	preloadBatchBytes   = 1 << 20
)

// PreloadStream returns part i of parts of the preload. Together the parts are batches
// that store every key once, as version 0. If nothing has to be preloaded, the stream
// ends at once.
func (w *Workload) PreloadStream(i, parts int) *Stream {
	s := w.newStream(0, dist.Source{})
	s.preload = true
	s.kinds = newChooser([]share{{BatchSet, 1}})
	s.batchSize = max(1, min(cmp.Or(w.def.preloadBatch, preloadBatchEntries), preloadBatchBytes/(w.keys.Size+w.spec.largest()+1)))
	rows := w.PreloadRows()
	n, first := uint64(rows), uint64(partStart(rows, i, parts))
	if rows == 0 {
		return s
	}
	s.left, s.ledger = part(rows, i, parts), w.ledger
	if w.Preload() == Random {
		order := dist.NewPermutation(n, dist.NewSource(w.spec.Seed, seedPreload))
		s.indices = dist.NewPermuted(order, first)
	} else {
		s.indices = dist.NewSequential(n, first)
	}
	return s
}

// PreloadRows returns the number of entries that the preload stores.
func (w *Workload) PreloadRows() int64 {
	switch {
	case w.Preload() == "":
		return 0
	case w.ledger != nil:
		return w.ledger.rows()
	}
	return w.spec.Keys
}

// partStart returns where part i of parts of total begins. part returns its size.
func partStart(total int64, i, parts int) int64 {
	q, r := total/int64(parts), total%int64(parts)
	return q*int64(i) + min(int64(i), r)
}

func part(total int64, i, parts int) int64 {
	return partStart(total, i+1, parts) - partStart(total, i, parts)
}
