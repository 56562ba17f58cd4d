package resp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/tidwall/redcon"

	"lsmlab/harness/httpd/service"
)

// receiver splits the bytes of a client into commands, without copying them. The reader
// of redcon copies each command, which took a fifth of the server's time for pipelined
// GETs (profile under redis-benchmark -P 16), not counting garbage collection. Plain
// lines, which people type, are left to redcon.
type receiver struct {
	in      io.Reader
	hold    service.Hold // memory of a large command: as received, and as a batch
	buf     []byte
	at, end int  // bounds in buf of what was received and not yet returned
	begun   bool // begin was called for the command at offset at

	// The next fields keep the progress in the command at offset at, so that each byte
	// is examined once.
	want  int    // its arguments; 0 while not known
	spans []span // the arguments that are complete
	cut   int    // offset of the next argument
	args  [][]byte
}

// span is the place of an argument, relative to at.
type span struct{ from, to int }

const (
	smallestBuffer = 8 << 10 // bytes of a connection's buffer
	longestLine    = 4 << 10 // bytes of a plain line
	mostArguments  = 1 << 20 // of a command, as in Redis
	reserveSpans   = 4 << 10 // arguments for which memory is reserved in one step
)

var (
	// errTooLong says that a command is longer than the body limit.
	errTooLong = errors.New("command longer than the limit")

	// errProtocol says that bytes are not commands. redcon says the same of lines.
	errProtocol = errors.New("Protocol error") //nolint:staticcheck // clients of Redis know it with a capital
)

// idle says whether no part of a command has been received.
func (r *receiver) idle() bool { return r.at == r.end }

// begin returns true once for each command: at its first call after a part of the
// command was received.
func (r *receiver) begin() bool {
	first := !r.begun
	r.begun = true
	return first
}

// fill waits for more bytes. It overwrites what next returned. A command of more than
// limit bytes is an error.
func (r *receiver) fill(limit int64) error {
	pending := r.buf[r.at:r.end]
	size := max(len(r.buf), smallestBuffer)
	switch {
	case int64(len(pending)) >= limit:
		return errTooLong
	case len(pending) == 0 && (size > keptMemory || cap(r.spans) > reserveSpans):
		size, r.spans, r.args = smallestBuffer, nil, nil
		r.hold.Release()
	case len(pending) == size:
		size *= 2
		if err := r.reserve(size, len(r.spans)); err != nil {
			return err
		}
	}
	if size != len(r.buf) {
		r.buf, r.args = make([]byte, size), nil // args would keep the old buffer alive
	}
	r.at, r.end = 0, copy(r.buf, pending)
	n, err := r.in.Read(r.buf[r.end:min(int64(size), limit)])
	r.end += n
	if n > 0 {
		return nil // the next read returns the error again
	}
	return err
}

// reserve reserves memory for a command of the given bytes, once as received and once
// as a batch, and for its arguments.
func (r *receiver) reserve(size, arguments int) error {
	const each = 128 // bytes for an argument's place in this package and in the code that reads it
	return r.hold.Grow(context.Background(), 2*int64(size)+each*int64(arguments))
}

// park releases memory that a silent client does not need.
func (r *receiver) park() {
	if len(r.buf) > smallestBuffer {
		*r = receiver{in: r.in, hold: r.hold}
	}
}

// next returns the next command, and true if it is complete. The result is valid until
// the next call.
func (r *receiver) next() (args [][]byte, ok bool, err error) {
	b := r.buf[r.at:r.end]
	if len(b) > 0 && b[0] != '*' {
		return r.line(b)
	}
	if r.want == 0 {
		if r.want, r.cut, err = header(b, '*', mostArguments); r.cut == 0 || err != nil {
			return nil, false, err
		}
	}
	for len(r.spans) < r.want {
		if len(r.spans)%reserveSpans == reserveSpans-1 {
			if err := r.reserve(len(r.buf), len(r.spans)+reserveSpans); err != nil {
				return nil, false, err
			}
		}
		size, n, err := header(b[r.cut:], '$', math.MaxInt32)
		if n == 0 || err != nil {
			return nil, false, err
		}
		s := span{r.cut + n, r.cut + n + size}
		if s.to+2 > len(b) {
			return nil, false, nil
		}
		if b[s.to] != '\r' || b[s.to+1] != '\n' {
			return nil, false, fmt.Errorf("%w: %d bytes without CR LF behind them", errProtocol, size)
		}
		r.spans = append(r.spans, s)
		r.cut = s.to + 2
	}
	r.args = r.args[:0]
	for _, s := range r.spans {
		r.args = append(r.args, b[s.from:s.to:s.to])
	}
	r.at += r.cut
	r.want, r.cut, r.spans, r.begun = 0, 0, r.spans[:0], false
	return r.args, true, nil
}

// line is next for bytes that begin with a plain line.
func (r *receiver) line(b []byte) (args [][]byte, ok bool, err error) {
	end := bytes.IndexByte(b, '\n')
	if b[0] == '$' || end >= longestLine || end < 0 && len(b) >= longestLine { // '$' begins another protocol that redcon accepts
		return nil, false, fmt.Errorf("%w: want a command as an array, or a line of at most %d bytes", errProtocol, longestLine)
	}
	if end < 0 {
		return nil, false, nil
	}
	r.at += end + 1
	r.begun = false
	ok, args, _, _, err = redcon.ReadNextCommand(b[:end+1], nil)
	return args, ok, err
}

// header reads the line with a length at the start of b. It returns the length, and the
// size of the line, which is 0 if the line is not complete.
func header(b []byte, kind byte, most int) (length, size int, err error) {
	const longest = 32
	if len(b) > 0 && b[0] != kind {
		return 0, 0, fmt.Errorf("%w: expected %q, got %q", errProtocol, kind, b[0])
	}
	end := bytes.IndexByte(b[:min(len(b), longest)], '\n')
	if end < 0 {
		if len(b) >= longest {
			return 0, 0, fmt.Errorf("%w: no length in %q", errProtocol, b[:longest])
		}
		return 0, 0, nil
	}
	digits, ok := bytes.CutSuffix(b[1:end], []byte{'\r'})
	for _, d := range digits {
		ok = ok && '0' <= d && d <= '9'
		length = length*10 + int(d-'0')
		ok = ok && length <= most
	}
	if !ok || len(digits) == 0 {
		return 0, 0, fmt.Errorf("%w: invalid length %q", errProtocol, b[:end])
	}
	return length, end + 1, nil
}
