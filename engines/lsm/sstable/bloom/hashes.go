package bloom

// hashesBlock is how many hashes a block of Hashes has, 64 KiB.
const hashesBlock = 8 << 10

// Hashes collects the hashes of a filter's keys, in blocks, so that it grows
// without copies: a million keys have 8 MB. The zero value is empty.
type Hashes struct {
	blocks [][]uint64 // of hashesBlock each, also those not used yet
	n      int        // hashes in them
}

// Add appends a hash.
func (s *Hashes) Add(hash uint64) {
	block := s.n / hashesBlock
	if block == len(s.blocks) {
		s.blocks = append(s.blocks, make([]uint64, hashesBlock))
	}
	s.blocks[block][s.n%hashesBlock] = hash
	s.n++
}

// Len returns how many hashes there are.
func (s *Hashes) Len() int { return s.n }

// Reset makes s empty and keeps its memory.
func (s *Hashes) Reset() { s.n = 0 }

func (s *Hashes) all(yield func(uint64) bool) {
	for i := range s.n {
		if !yield(s.blocks[i/hashesBlock][i%hashesBlock]) {
			return
		}
	}
}
