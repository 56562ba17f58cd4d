package blocklog

import "fmt"

// Never is the completion of an operation that has none.
const Never int64 = -1

// Log is all that happened to a disk that held zeros at first. It is not changed
// once made, so it is safe for concurrent use.
type Log struct {
	Size  int64 // of the disk, in bytes
	Ops   []Op  // in order of issue
	Marks []Mark
	End   int64 // position of the last event
}

// Op is one operation of the disk.
type Op struct {
	Kind   OpKind
	Offset int64  // in bytes; 0 for a flush
	Length int64  // in bytes; 0 for a flush
	Data   []byte // of a Write; shared with the log's source, not to be changed
	FUA    bool   // durable by itself once it completed
	Issued int64  // position
	Done   int64  // position of its completion, or Never
}

// OpKind says what an operation does.
type OpKind uint8

// Part of the file format; do not renumber.
const (
	Write OpKind = 1 // stores Data
	Zero  OpKind = 2 // stores zeros; a discard is recorded as this
	Flush OpKind = 3 // makes durable what completed before it was issued
)

var opKindNames = [...]string{Write: "write", Zero: "zero", Flush: "flush"}

// String returns the kind's name.
func (k OpKind) String() string { return opKindNames[k] }

// String says what the operation does, in words.
func (o Op) String() string {
	if o.Kind == Flush {
		return "flush"
	}
	fua := ""
	if o.FUA {
		fua = " FUA"
	}
	return fmt.Sprintf("%s%s of %d bytes at %d", o.Kind, fua, o.Length, o.Offset)
}

// Mark is a note in the log.
type Mark struct {
	Text     string
	Position int64
}

// Find returns the position of the first mark with that text.
func (l *Log) Find(text string) (position int64, ok bool) {
	for _, m := range l.Marks {
		if m.Text == text {
			return m.Position, true
		}
	}
	return 0, false
}
