package subject

import (
	"bytes"
	"strings"
	"sync"
	"time"
)

// tailSize is how many bytes of a command's output are kept. It is also the longest
// line, in bytes, that is examined.
const tailSize = 4 << 10

// ackPrefix begins a line that acknowledges. The ID follows it.
const ackPrefix = "ack "

// Tail is a writer that keeps the end of what is written to it, because the last words
// of a program tell why it failed. The zero value is ready for use. It is safe for
// concurrent use.
type Tail struct {
	mu   sync.Mutex
	kept []byte
}

// Write implements [io.Writer].
func (t *Tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if drop := len(t.kept) - tailSize; drop > 0 {
		t.kept = append(t.kept[:0], t.kept[drop:]...)
	}
	return len(p), nil
}

// String returns what is kept, without white space around it.
func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.kept))
}

// Lines is a writer that calls Take with each line, without its newline, as soon as the
// line is complete. Of a line longer than 4 KiB it passes on only the beginning. One
// goroutine at a time may use it.
type Lines struct {
	Take func(line string)
	rest []byte // of a line that is not complete
	long bool   // the beginning of this line was passed on
}

// Write implements [io.Writer].
func (l *Lines) Write(p []byte) (int, error) {
	n := len(p)
	for {
		line, rest, ended := bytes.Cut(p, []byte{'\n'})
		l.rest = append(l.rest, line[:min(len(line), tailSize-len(l.rest))]...)
		switch {
		case !ended && len(l.rest) < tailSize:
			return n, nil
		case !l.long:
			l.Take(string(bytes.TrimSuffix(l.rest, []byte{'\r'})))
		}
		l.rest, l.long = l.rest[:0], !ended
		if !ended {
			return n, nil
		}
		p = rest
	}
}

// End passes on what followed the last newline.
func (l *Lines) End() {
	if len(l.rest) > 0 && !l.long {
		l.Take(string(l.rest))
	}
}

// listener takes the acknowledgements from standard output and keeps the rest.
type listener struct {
	onAck OnAck
	began time.Time
	stop  func() // kills the program
	acks  []Ack
	said  Tail
	err   error // the first error of onAck; nothing is acknowledged after it
}

func (l *listener) take(line string) {
	id, ok := strings.CutPrefix(line, ackPrefix)
	if !ok {
		_, _ = l.said.Write([]byte(line + "\n")) // Write of a Tail never fails
		return
	}
	if l.err != nil {
		return
	}
	a := Ack{ID: id, Seconds: time.Since(l.began).Seconds()}
	if l.onAck != nil {
		l.err = l.onAck(a)
	}
	if l.err != nil {
		l.stop()
	}
	if l.err == nil || l.err == ErrKill {
		l.acks = append(l.acks, a)
	}
}
