package workloads

import (
	"lsmlab/engines/kv"
	"lsmlab/workloads/dist"
)

// Stream is one thread's sequence of operations. It belongs to one goroutine.
type Stream struct {
	src     dist.Source // for kinds and scan lengths
	kinds   chooser
	indices dist.Generator
	keys    Keys
	inserts *inserts
	known   uint64 // the number of keys from which indices draws, if it follows inserts
	follow  bool   // indices is resized as keys are inserted; without this, a draw of an unknown key is repeated

	left    int64 // units until the end, including warm-up
	warm    int64 // units of warm-up that are left
	role    Role
	preload bool

	scanMin, scanMax int
	batchSize        int
	position         int64 // of ReadNext, in keys
	keyCount         int64

	client  client // of a workload of transactions
	ledger  ledger // of a preload of one
	choices uint64 // the number of items from which indices draws, in a workload of transactions

	turns *turns  // nil if kinds come at random
	row   *keyRow // nil if every operation draws its key

	scanLengths *Sizes // nil if lengths are even from scanMin to scanMax
	sizes       *Sizes // nil if all values have one size
	sizeSeed    uint64 // of the sizes of preloaded values
	valueSize   int
	repeat      uint8
	version     uint32

	key   []byte // empty, with room for one key
	batch kv.Batch
}

// versionBits is how many bits of a version count the writes of one stream, modulo
// 2^versionBits. The other bits are the stream's number plus one. So only preloaded
// values have version 0.
const versionBits = 22

func (w *Workload) newStream(i uint32, src dist.Source) *Stream {
	s := &Stream{
		src:       src,
		keys:      w.keys,
		inserts:   w.inserts,
		known:     uint64(w.spec.Keys),
		follow:    w.spec.Distribution != dist.NameZipfian,
		scanMin:   w.def.scanMin,
		scanMax:   w.spec.ScanLength,
		batchSize: w.spec.BatchSize,
		keyCount:  w.spec.Keys,
		valueSize: w.size,
		sizes:     w.spec.ValueSizes,
		sizeSeed:  w.spec.Seed,
		repeat:    w.repeat,
		version:   (i + 1) << versionBits,
		key:       make([]byte, 0, w.keys.Size+1),
	}
	if s.scanMin == 0 {
		s.scanMin = s.scanMax
	}
	return s
}

// Next fills op with the next operation. It returns false if the stream has ended.
func (s *Stream) Next(op *Op) bool {
	if s.left <= 0 {
		return false
	}
	op.Kind, op.Role, op.Warmup = s.kind(), s.role, s.warm > 0
	op.Units, op.ScanLen, op.ReadOnly, op.program = 1, 0, false, nil
	switch op.Kind {
	case Get:
		s.readKey(op)
		op.Value, op.Batch = nil, nil
	case GetMissing:
		op.Index = s.index()
		op.Key = s.keys.appendMissing(s.key, op.Index)
		op.Value, op.Batch = nil, nil
	case Set, ReadModifyWrite:
		s.write(op, s.index())
	case Delete:
		s.readKey(op)
		s.batch.Reset()
		s.batch.Delete(op.Key)
		op.Value, op.Batch = nil, &s.batch
	case Insert:
		s.insert(op)
	case Scan:
		s.readKey(op)
		op.ScanLen = s.scanLength()
		op.Value, op.Batch = nil, nil
	case ReadNext:
		s.readNext(op)
	case BatchSet:
		s.fillBatch(op)
	default:
		op.Key, op.Value, op.Batch = nil, nil, nil
		s.client.draw(op, s)
	}
	s.left -= int64(op.Units)
	s.warm -= int64(op.Units)
	return true
}

// kind draws the kind of the next operation.
func (s *Stream) kind() Kind {
	if s.turns == nil {
		return s.kinds.next(&s.src)
	}
	kind, first := s.turns.next()
	if s.row != nil {
		s.row.begin(kind, first && s.turns.at == 0, first, s.indices)
	}
	return kind
}

func (s *Stream) scanLength() int {
	if s.scanLengths != nil {
		return min(s.scanLengths.draw(&s.src), s.scanMax)
	}
	return s.scanMin + int(s.src.Below(uint64(s.scanMax-s.scanMin+1)))
}

// index draws the index of a key that exists.
func (s *Stream) index() uint64 {
	if s.row != nil {
		return s.row.next()
	}
	if s.inserts == nil {
		return s.indices.Next()
	}
	known := s.inserts.known()
	if s.follow && known != s.known {
		s.known = known
		s.indices.Resize(known)
	}
	for {
		if i := s.indices.Next(); i < known {
			return i
		}
	}
}

func (s *Stream) readKey(op *Op) {
	op.Index = s.index()
	op.Key = s.keys.Append(s.key, op.Index) // s.key has room, so this does not allocate
}

// write makes op a write of a new version of the key of index.
func (s *Stream) write(op *Op, index uint64) {
	s.batch.Reset()
	op.Index, op.Batch = index, &s.batch
	op.Key, op.Value = s.addSet(index)
}

// addSet adds a new version of the key of index to the batch. It returns the key and
// the value, which are parts of the batch.
func (s *Stream) addSet(index uint64) (key, value []byte) {
	size := s.sizeOf(index)
	key, value = s.batch.SetDeferred(s.keys.Size, size)
	return s.keys.Append(key[:0], index), AppendValue(value[:0], index, s.nextVersion(), size, s.repeat)
}

// sizeOf draws the size of the next value of the key of index. That of a preloaded value
// follows from the index, so it does not depend on how the preload is divided.
func (s *Stream) sizeOf(index uint64) int {
	switch {
	case s.sizes == nil:
		return s.valueSize
	case s.preload:
		src := dist.NewSource(s.sizeSeed, seedSizes+index)
		return s.sizes.draw(&src)
	}
	return s.sizes.draw(&s.src)
}

func (s *Stream) nextVersion() uint32 {
	if s.preload {
		return 0
	}
	v := s.version
	const mask = 1<<versionBits - 1
	s.version = v&^mask | (v+1)&mask
	return v
}

// insert makes op an insert with a new index. If no index is left, it makes op
// overwrite a key.
func (s *Stream) insert(op *Op) {
	index, ok := s.inserts.allocate()
	if !ok {
		op.Kind = Set
		index = s.index()
	}
	op.inserts = s.inserts
	s.write(op, index)
}

// readNext makes op read the next part of a scan of all keys, up to the last key.
func (s *Stream) readNext(op *Op) {
	n := min(int64(s.scanMax), s.keyCount-s.position, s.left)
	if s.warm > 0 {
		n = min(n, s.warm)
	}
	op.Index, op.ScanLen, op.Units = uint64(s.position), int(n), int(n)
	op.Key, op.Value, op.Batch = nil, nil, nil
	if s.position += n; s.position == s.keyCount {
		s.position = 0
	}
}

func (s *Stream) fillBatch(op *Op) {
	n := min(int64(s.batchSize), s.left)
	if s.warm > 0 {
		n = min(n, s.warm)
	}
	s.batch.Reset()
	op.bytes = 0
	for i := range n {
		index := s.index()
		if i == 0 {
			op.Index = index
		}
		if s.ledger != nil {
			s.ledger.addRow(&s.batch, index)
			op.bytes += int64(s.keys.Size + s.valueSize)
		} else {
			key, value := s.addSet(index)
			op.bytes += int64(len(key) + len(value))
		}
	}
	op.Units, op.Batch = int(n), &s.batch
	op.Key, op.Value = nil, nil
}
