package files

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"lsmlab/powerfail/program"
)

// The texts of marks of a log. An acknowledgement's ID follows its prefix.
const (
	markStart = "start" // what lies in the directory is durable, and the program begins
	markEnd   = "end"   // the program has ended
	ackPrefix = program.AckMark
	syncMark  = "sync of all" // becomes an entry SyncAll
)

// maxLine bounds an entry, in bytes. The data of a write is at most a mebibyte, in base64.
const maxLine = 4 << 20

// Log is what was recorded, in order. A position is a number of entries that have
// taken effect, so the crash state of position n has the first n behind it.
type Log struct {
	Entries []Entry
	start   int // position after markStart
	end     int // position before markEnd
}

// readLog reads the file of a log, which has a JSON value on each line. A log without an end
// mark is an error: its recorder died.
func readLog(name string) (*Log, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read from
	l := &Log{start: -1, end: -1}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var e Entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", name, len(l.Entries)+1, err)
		}
		if l.end >= 0 {
			return nil, fmt.Errorf("%s, line %d: more behind the end", name, len(l.Entries)+1)
		}
		l.Entries = append(l.Entries, e)
		switch {
		case e.Kind == Mark && e.Text == markStart:
			l.start = len(l.Entries)
		case e.Kind == Mark && e.Text == markEnd:
			l.end = len(l.Entries) - 1
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if l.start < 0 || l.end < l.start {
		return nil, fmt.Errorf("%s: no mark %q or %q: it is no whole recording", name, markStart, markEnd)
	}
	return l, nil
}

// Operations returns the number of operations of the program, which are all entries but marks.
func (l *Log) Operations() (n int) {
	for _, e := range l.Entries[l.start:l.end] {
		if e.Kind != Mark {
			n++
		}
	}
	return n
}

// ack is an acknowledgement. Crashes at Position and later must keep what it promises.
type ack struct {
	ID       string
	Position int
	Seconds  float64 // since the recording began
}

// acks returns the acknowledgements by position, in order.
func (l *Log) acks(position int) (acks []ack) {
	for i, e := range l.Entries[:position] {
		if id, ok := strings.CutPrefix(e.Text, ackPrefix); ok && e.Kind == Mark {
			acks = append(acks, ack{id, i + 1, e.Seconds})
		}
	}
	return acks
}

// acked returns the IDs of the acknowledgements by position, in a new slice.
func (l *Log) acked(position int64) (ids []string) {
	for _, a := range l.acks(int(position)) {
		ids = append(ids, a.ID)
	}
	return ids
}

// find returns the position of a mark.
func (l *Log) find(text string) (position int64, ok bool) {
	for i, e := range l.Entries {
		if e.Kind == Mark && e.Text == text {
			return int64(i + 1), true
		}
	}
	return 0, false
}

// logWriter writes a log. It is safe for concurrent use.
type logWriter struct {
	mu    sync.Mutex // held over an operation and its entry, so that both have one order
	out   *bufio.Writer
	json  *json.Encoder
	began time.Time
	err   error
}

func newLogWriter(out io.Writer) *logWriter {
	w := &logWriter{out: bufio.NewWriter(out), began: time.Now()}
	w.json = json.NewEncoder(w.out)
	return w
}

// add appends an entry. The caller holds mu.
func (w *logWriter) add(e Entry) {
	e.Seconds = float64(time.Since(w.began).Microseconds()) / 1e6
	w.err = errors.Join(w.err, w.json.Encode(e))
}

// mark appends a mark.
func (w *logWriter) mark(text string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := Entry{Kind: Mark, Text: text}
	if text == syncMark {
		e = Entry{Kind: SyncAll}
	}
	w.add(e)
	w.err = errors.Join(w.err, w.out.Flush())
	return w.err
}
