package arena

// spanSize is the most bytes that a Span takes in one step.
const spanSize = 8 << 10

// Span gives out memory of an arena to one goroutine without an atomic operation for
// each piece. An atomic operation would have to wait until everything that was just
// written to the piece before has left the processor's store buffer.
type Span struct {
	arena     *Arena
	next, end Ref
}

// Span returns an empty span of a. The caller must call Close after the last Alloc.
func (a *Arena) Span() Span { return Span{arena: a} }

// Alloc is [Arena.Alloc]. more is how many bytes the caller will ask for, at least, in
// the calls that follow. The span takes room for pieces of this size ahead of them. A
// rest that is too small for the next piece is lost if others have taken memory from
// the arena.
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

// Close gives back the rest, unless others have taken memory from the arena since.
func (s *Span) Close() {
	if s.next < s.end {
		s.arena.next.CompareAndSwap(uint64(s.end), uint64(s.next))
	}
	s.next, s.end = 0, 0
}
