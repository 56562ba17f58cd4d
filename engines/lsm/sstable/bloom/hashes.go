package bloom

import (
	"encoding/binary"

	"lsmlab/engines/internal/arena"
)

// hashesBlock is the size, in bytes, of a block of Hashes.
const hashesBlock = 64 << 10

// Hashes collects the hashes of a filter's keys, 8 MB for a million of them. They lie
// outside the Go heap, which would keep such memory for minutes. The zero value is
// empty and ready for use; Release must end its use.
type Hashes struct {
	memory *arena.Arena
	blocks [][]byte // blocks of hashesBlock bytes
	n      int      // how many hashes the blocks hold
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

// grow adds a block.
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
