package vm

import (
	"bytes"
	"testing"

	"lsmlab/powerfail/blocklog"
)

func TestCrossCheck(t *testing.T) {
	var text bytes.Buffer
	r := blocklog.NewRecorder(&text, 4096)
	r.Done(r.Write(0, sector('x'), false)) // before
	from := r.Mark("formatted")
	r.Done(r.Write(512, sector('a'), false))
	r.Done(r.Flush())
	r.Done(r.Zero(1024, 512, false))
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	log, err := blocklog.Decode(text.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	write := logEntry{offset: 512, length: 512, data: sector('a')}
	flush, zero := logEntry{flags: entryFlush}, logEntry{flags: entryDiscard, offset: 1024, length: 512}
	for name, c := range map[string]struct {
		entries []logEntry
		same    bool
	}{
		"same":          {[]logEntry{write, flush, zero}, true},
		"another order": {[]logEntry{zero, write, flush, flush}, true},
		"one more":      {[]logEntry{write, write, flush, zero}, false},
		"one less":      {[]logEntry{write, flush}, false},
		"other data":    {[]logEntry{{offset: 512, length: 512, data: sector('b')}, flush, zero}, false},
		"other flushes": {[]logEntry{write, zero}, true},
	} {
		if err := crossCheck(log, from, c.entries); (err == nil) != c.same {
			t.Errorf("%s: %v", name, err)
		}
	}
}
