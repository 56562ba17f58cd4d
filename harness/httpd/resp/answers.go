package resp

import (
	"errors"
	"strconv"

	"github.com/tidwall/redcon"
)

// flushAt is how many bytes of answers are collected before they are sent. Larger
// pieces are sent without a copy.
const flushAt = 64 << 10

// answers encodes answers in protocol 2 or 3, one after the other, and sends them
// together.
type answers struct {
	buf   []byte
	proto int
	send  func([]byte) error
	sent  int64 // bytes
	err   error // why answers cannot be sent, or kept

	// While keep is not nil, nothing is sent: the answers of a transaction wait for its
	// write. keep says whether the given number of bytes may be kept.
	keep func(bytes int) error
}

// errAnswers says that the answers of a transaction are too large to be kept.
var errAnswers = errors.New("the answers are larger than the limit of a body: read outside of MULTI, where they are sent one by one")

func (a *answers) simple(text string) { a.add(redcon.AppendString(a.buf, text)) }
func (a *answers) fail(text string)   { a.add(redcon.AppendError(a.buf, text)) }
func (a *answers) number(n int64)     { a.add(redcon.AppendInt(a.buf, n)) }
func (a *answers) array(length int)   { a.add(redcon.AppendArray(a.buf, length)) }
func (a *answers) text(text string)   { a.add(redcon.AppendBulkString(a.buf, text)) }

func (a *answers) null() {
	if a.proto == 3 {
		a.add(append(a.buf, "_\r\n"...))
		return
	}
	a.add(redcon.AppendNull(a.buf))
}

// dict begins a map of the given number of pairs. In protocol 2 it is a flat array.
func (a *answers) dict(pairs int) {
	if a.proto != 3 {
		a.array(2 * pairs)
		return
	}
	a.add(append(strconv.AppendInt(append(a.buf, '%'), int64(pairs), 10), "\r\n"...))
}

// nothing is the answer of a transaction that was not done: a null, which in protocol 2
// is a null array.
func (a *answers) nothing() {
	if a.proto == 3 {
		a.null()
		return
	}
	a.array(-1)
}

func (a *answers) bulk(b []byte) {
	switch {
	case a.keep != nil:
		if a.err == nil {
			a.err = a.keep(len(a.buf) + len(b))
		}
		if a.err == nil {
			a.buf = redcon.AppendBulk(a.buf, b)
		}
	case len(b) < flushAt:
		a.add(redcon.AppendBulk(a.buf, b))
	default:
		a.buf = append(strconv.AppendInt(append(a.buf, '$'), int64(len(b)), 10), "\r\n"...)
		a.flush()
		a.deliver(b)
		a.buf = append(a.buf, "\r\n"...)
	}
}

func (a *answers) add(longer []byte) {
	a.buf = longer
	switch {
	case a.keep == nil && len(a.buf) >= flushAt:
		a.flush()
	case a.keep != nil && a.err == nil:
		a.err = a.keep(len(a.buf))
	}
}

// flush sends the collected answers.
func (a *answers) flush() {
	if len(a.buf) > 0 {
		a.deliver(a.buf)
		a.buf = a.buf[:0]
	}
}

func (a *answers) deliver(b []byte) {
	if a.err == nil {
		a.err = a.send(b)
		a.sent += int64(len(b))
	}
}

// mark is a position among the answers, to which back can return.
type mark struct {
	sent int64
	size int
}

func (a *answers) mark() mark { return mark{a.sent, len(a.buf)} }

// back removes the answers since m. It returns false if a part of them was sent
// already.
func (a *answers) back(m mark) bool {
	if a.sent != m.sent {
		return false
	}
	a.buf = a.buf[:m.size]
	return true
}
