package arena

// slabSize is how many bytes a Slab takes at once.
const slabSize = 8 << 10

// Slab gives out memory of an arena to one goroutine without an atomic operation
// for each piece: that would wait until all that was just written to the piece
// before is out of the processor's store buffer.
type Slab struct {
	arena     *Arena
	next, end Ref
}

// Slab returns an empty slab of a. Close ends its use.
func (a *Arena) Slab() Slab { return Slab{arena: a} }

// Alloc is [Arena.Alloc].
func (s *Slab) Alloc(size int) Ref {
	units := Ref(size+Align-1) >> alignBits
	if units > s.end-s.next {
		if size > slabSize/4 {
			return s.arena.Alloc(size)
		}
		s.Close()
		s.next = s.arena.Alloc(slabSize)
		s.end = s.next + slabSize>>alignBits
	}
	ref := s.next
	s.next += units
	return ref
}

// Close gives back what is left, if nobody has taken from the arena since.
func (s *Slab) Close() {
	s.arena.next.CompareAndSwap(uint64(s.end), uint64(s.next))
	s.next, s.end = 0, 0
}
