package bloom

import (
	"encoding/binary"

	"lsmlab/engines/internal/arena"
)

// hashesBlock is how many bytes a block of Hashes has.
const hashesBlock = 64 << 10

// Hashes collects the hashes of a filter's keys, 8 MB for a million of them. They
// lie outside the Go heap, which would not give such memory back to the system for
// minutes. The zero value is empty.
type Hashes struct {
	memory *arena.Arena
	blocks [][]byte // of hashesBlock each
	n      int      // hashes in them
}

// Add appends a hash.
func (s *Hashes) Add(hash uint64) {
	at := s.n * 8 % hashesBlock
	if at == 0 {
		s.grow()
	}
	binary.LittleEndian.PutUint64(s.blocks[len(s.blocks)-1][at:], hash)
	s.n++
}

func (s *Hashes) grow() {
	if s.memory == nil {
		s.memory = arena.New()
	}
	s.blocks = append(s.blocks, s.memory.Bytes(s.memory.Alloc(hashesBlock), hashesBlock))
}

// Len returns how many hashes there are.
func (s *Hashes) Len() int { return s.n }

// Release makes s empty and gives its memory back.
func (s *Hashes) Release() {
	if s.memory != nil {
		s.memory.Release()
	}
	*s = Hashes{}
}

func (s *Hashes) all(yield func(uint64) bool) {
	for i := 0; i < 8*s.n; i += 8 {
		if !yield(binary.LittleEndian.Uint64(s.blocks[i/hashesBlock][i%hashesBlock:])) {
			return
		}
	}
}
