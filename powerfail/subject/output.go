package subject

import (
	"bytes"
	"strings"
	"sync"
	"time"
)

// tailSize is how many bytes of a command's output are kept, and how long a line may
// be that is looked at.
const tailSize = 4 << 10

// ackPrefix begins a line that acknowledges; the ID follows.
const ackPrefix = "ack "

// Tail is a writer that keeps the end of what it is given: what a program said last
// tells why it failed. The zero value is ready. It is safe for concurrent use.
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

// Lines is a writer that hands on each line, without its end, as soon as that has
// come. Of a line of more than 4 KiB it hands on the beginning, and no more. It is
// used by one goroutine at a time.
type Lines struct {
	Take func(line string)
	rest []byte // of a line that has not ended
	long bool   // the line's beginning was handed on
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

// End hands on what came behind the last newline.
func (l *Lines) End() {
	if len(l.rest) > 0 && !l.long {
		l.Take(string(l.rest))
	}
}

// listener takes the acknowledgements on standard output, and keeps the rest.
type listener struct {
	onAck OnAck
	began time.Time
	stop  func() // kills the program
	acks  []Ack
	said  Tail
	err   error // of onAck, the first; nothing is acknowledged after it
}

func (l *listener) take(line string) {
	id, ok := strings.CutPrefix(line, ackPrefix)
	if !ok {
		_, _ = l.said.Write([]byte(line + "\n")) // it never fails
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
