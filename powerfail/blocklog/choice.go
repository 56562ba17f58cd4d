package blocklog

import "fmt"

// Chooser decides one thing that the disk may do at a power cut: it returns a
// number below n, 0 for what is least and n-1 for what is most like a disk that
// keeps everything. The same answers give the same state.
type Chooser func(site Site, n int) int

// Site is what a choice is about.
type Site struct {
	Kind   SiteKind
	Op     int   // number in Log.Ops; unused for a prefix
	Offset int64 // in bytes, of the operation on the disk
	Length int64 // in bytes, of the operation
	Sector int64 // of a tear: bytes of a sector
}

// SiteKind is a kind of choice.
type SiteKind uint8

// The kinds of choice.
const (
	SiteWrite  SiteKind = iota // a pending operation: lost, torn, whole (lost or whole if it can't be torn)
	SiteTear                   // of a torn one: how many sectors are there, less one
	SiteOrder                  // of two that overlapped in time: under the earlier one, or over it
	SitePrefix                 // of a disk that lies: how many operations are there
)

// Outcome says in words what a choice of n means.
func (s Site) Outcome(choice, n int) string {
	what := fmt.Sprintf("operation %d (%d bytes at %d)", s.Op, s.Length, s.Offset)
	switch s.Kind {
	case SiteTear:
		return fmt.Sprintf("%s: the first %d bytes are there", what, s.torn(choice))
	case SiteOrder:
		return what + [...]string{": done before the earlier one", ": done after the earlier one"}[choice]
	case SitePrefix:
		return fmt.Sprintf("of %d operations only the first %d were done", n-1, choice)
	}
	switch choice {
	case 0:
		return what + ": lost"
	case n - 1:
		return what + ": whole"
	}
	return what + ": torn"
}

// torn returns how many bytes of a torn operation are there. Sectors lie where
// the disk has them, so the first may be touched in part.
func (s Site) torn(choice int) int64 { return int64(choice+1)*s.Sector - s.Offset%s.Sector }

// Model says what a disk may do with what it was given.
type Model struct {
	// Sector is the number of bytes that are written whole or not at all; an
	// operation may be torn between two of them. 0 means that none is torn.
	Sector int64 `json:"sector,omitempty"`
	// Lies is set for a disk that answers flushes without doing anything: it may
	// hold any number of the operations, in order, whatever it said.
	Lies bool `json:"lies,omitempty"`
}

// KeepNone chooses the state in which only the durable is there.
func KeepNone(Site, int) int { return 0 }

// KeepAll chooses the state in which all that was issued is there.
func KeepAll(_ Site, n int) int { return n - 1 }
