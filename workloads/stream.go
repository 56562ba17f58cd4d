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

	valueSize int
	repeat    uint8
	version   uint32

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
	op.Kind, op.Role, op.Warmup = s.kinds.next(&s.src), s.role, s.warm > 0
	op.Units, op.ScanLen, op.ReadOnly, op.program = 1, 0, false, nil
	switch op.Kind {
	case Get:
		s.readKey(op)
		op.Value, op.Batch = nil, nil
	case GetMissing:
		op.Index = s.index()
		op.Key = s.keys.AppendMissing(s.key, op.Index)
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
		op.ScanLen = s.scanMin + int(s.src.Below(uint64(s.scanMax-s.scanMin+1)))
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

// index draws the index of a key that exists.
func (s *Stream) index() uint64 {
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
	key, value = s.batch.SetDeferred(s.keys.Size, s.valueSize)
	return s.keys.Append(key[:0], index), AppendValue(value[:0], index, s.nextVersion(), s.valueSize, s.repeat)
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
	for i := range n {
		index := s.index()
		if i == 0 {
			op.Index = index
		}
		if s.ledger != nil {
			s.ledger.addRow(&s.batch, index)
		} else {
			s.addSet(index)
		}
	}
	op.Units, op.Batch = int(n), &s.batch
	op.Key, op.Value = nil, nil
}
