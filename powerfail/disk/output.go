package disk

import (
	"bytes"
	"strings"
)

// tailSize is how many bytes of a process's words are kept.
const tailSize = 4 << 10

// tail is a writer that keeps the end of what it is given: what a process said
// last tells why it failed. The zero value is ready.
type tail struct{ kept []byte }

// Write implements [io.Writer].
func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if drop := len(t.kept) - tailSize; drop > 0 {
		t.kept = append(t.kept[:0], t.kept[drop:]...)
	}
	return len(p), nil
}

// String returns what is kept, without white space around it.
func (t *tail) String() string { return strings.TrimSpace(string(t.kept)) }

// lines is a writer that hands on each line, without its end, until an error,
// which it keeps.
type lines struct {
	take func(line string) error
	rest []byte // of a line that has not ended
	err  error
}

// Write implements [io.Writer].
func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for l.err == nil {
		line, rest, ok := bytes.Cut(l.rest, []byte{'\n'})
		if !ok {
			break
		}
		l.rest = rest
		l.err = l.take(string(line))
	}
	return len(p), l.err
}
