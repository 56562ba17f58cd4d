package arena

// spanSize is how many bytes a Span takes at once, at most.
const spanSize = 8 << 10

// Span gives out memory of an arena to one goroutine without an atomic operation
// for each piece: that would wait until all that was just written to the piece
// before is out of the processor's store buffer.
type Span struct {
	arena     *Arena
	next, end Ref
}

// Span returns an empty span of a. Close ends its use.
func (a *Arena) Span() Span { return Span{arena: a} }

// Alloc is [Arena.Alloc]. more is how many bytes the caller will ask for at least
// in the calls that follow. Room for whole pieces like this one is taken for them; a
// rest that is too small for the next piece is lost if others take from the arena.
func (s *Span) Alloc(size, more int) Ref {
	units := Ref(size+Align-1) >> alignBits
	if units > s.end-s.next {
		if size > spanSize/4 {
			return s.arena.Alloc(size)
		}
		s.Close()
		ahead := Ref(min(more, spanSize-size)) >> alignBits
		ahead -= ahead % units
		s.next = s.arena.Alloc(int(units+ahead) << alignBits)
		s.end = s.next + units + ahead
	}
	ref := s.next
	s.next += units
	return ref
}

// Close gives back what is left, if nobody has taken from the arena since.
func (s *Span) Close() {
	if s.next < s.end {
		s.arena.next.CompareAndSwap(uint64(s.end), uint64(s.next))
	}
	s.next, s.end = 0, 0
}
