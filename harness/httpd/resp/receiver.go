package resp

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/tidwall/redcon"
)

// receiver cuts what a client sends into commands, in place: redcon's reader
// copies each of them, which was a third of the time of a GET, and its
// ReadNextCommand panics on lengths below zero. Plain lines, which people type,
// are left to it.
type receiver struct {
	in      io.Reader
	buf     []byte
	at, end int // what was received and not returned, in buf
	args    [][]byte
}

// smallestBuffer is how many bytes a connection that is used has for commands.
const smallestBuffer = 8 << 10

var (
	// errTooLong says that a command is longer than the body limit.
	errTooLong = errors.New("command longer than the limit")

	// errProtocol says that bytes are no commands, as redcon says it of lines.
	errProtocol = errors.New("Protocol error") //nolint:staticcheck // clients of Redis know it with a capital
)

// fill waits for more bytes. What next returned is gone after it. A command of
// more than limit bytes is an error.
func (r *receiver) fill(limit int64) error {
	pending := r.buf[r.at:r.end]
	size := max(len(r.buf), smallestBuffer)
	switch {
	case int64(len(pending)) >= limit:
		return errTooLong
	case len(pending) == 0 && size > keptMemory:
		size = smallestBuffer
	case 2*len(pending) > size:
		size *= 2
	}
	if size != len(r.buf) {
		r.buf = make([]byte, size)
	}
	r.at, r.end = 0, copy(r.buf, pending)
	n, err := r.in.Read(r.buf[r.end:min(int64(size), limit)])
	r.end += n
	if n > 0 {
		return nil // an error comes again
	}
	return err
}

// next returns the next command and true, if all of it is there. It is valid
// until the next call.
func (r *receiver) next() (args [][]byte, ok bool, err error) {
	b := r.buf[r.at:r.end]
	if len(b) > 0 && b[0] != '*' {
		ok, args, _, b, err = redcon.ReadNextCommand(b, r.args)
		r.at = r.end - len(b)
		return args, ok, err
	}
	args = r.args[:0]
	count, at, err := header(b, '*')
	if at == 0 || err != nil {
		return nil, false, err
	}
	for range count {
		size, n, err := header(b[at:], '$')
		if n == 0 || err != nil {
			return nil, false, err
		}
		at += n
		if size+2 > len(b)-at {
			return nil, false, nil
		}
		if b[at+size] != '\r' || b[at+size+1] != '\n' {
			return nil, false, fmt.Errorf("%w: %d bytes without CR LF behind them", errProtocol, size)
		}
		args = append(args, b[at:at+size:at+size])
		at += size + 2
	}
	r.at += at
	r.args = args
	return args, true, nil
}

// header reads the line of a length that b begins with, and returns it with the
// line's size; 0 if the line is not there as a whole.
func header(b []byte, kind byte) (length, size int, err error) {
	const most = 32 // of a line
	if len(b) > 0 && b[0] != kind {
		return 0, 0, fmt.Errorf("%w: expected %q, got %q", errProtocol, kind, b[0])
	}
	end := bytes.IndexByte(b[:min(len(b), most)], '\n')
	if end < 0 {
		if len(b) >= most {
			return 0, 0, fmt.Errorf("%w: no length in %q", errProtocol, b[:most])
		}
		return 0, 0, nil
	}
	digits, ok := bytes.CutSuffix(b[1:end], []byte{'\r'})
	for _, d := range digits {
		ok = ok && '0' <= d && d <= '9' && length < 1<<40
		length = length*10 + int(d-'0')
	}
	if !ok || len(digits) == 0 {
		return 0, 0, fmt.Errorf("%w: invalid length %q", errProtocol, b[:end])
	}
	return length, end + 1, nil
}
