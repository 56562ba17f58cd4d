package vm

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"lsmlab/powerfail/blocklog"
)

// logBytes is a log in the format of dm-log-writes, of sectors of 512 bytes.
func logBytes(entries ...logEntry) []byte {
	little := binary.LittleEndian
	log := make([]byte, 512)
	little.PutUint64(log, logMagic)
	little.PutUint64(log[8:], logVersion)
	little.PutUint64(log[16:], uint64(len(entries)))
	little.PutUint32(log[24:], 512)
	for _, e := range entries {
		head := make([]byte, 512)
		little.PutUint64(head, uint64(e.offset/512))
		little.PutUint64(head[8:], uint64(e.length/512))
		little.PutUint64(head[16:], e.flags)
		little.PutUint64(head[24:], uint64(len(e.mark)))
		copy(head[32:], e.mark)
		log = append(append(log, head...), e.data...)
	}
	return log
}

func sector(c byte) []byte { return bytes.Repeat([]byte{c}, 512) }

func TestReplayLogWrites(t *testing.T) {
	entries, err := readLogWrites(bytes.NewReader(logBytes(
		logEntry{offset: 512, length: 512, data: sector('a')},
		logEntry{flags: entryFlush | entryFUA, offset: 1024, length: 512, data: sector('b')},
		logEntry{flags: entryMark, mark: "ack 7"},
		logEntry{flags: entryDiscard, offset: 512, length: 512},
		logEntry{flags: entryFlush})))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	r := blocklog.NewRecorder(&text, 4096)
	replay(r, entries)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	log, err := blocklog.Decode(text.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, op := range log.Ops {
		got = append(got, fmt.Sprintf("%s, %d to %d", op, op.Issued, op.Done))
	}
	want := []string{
		"write of 512 bytes at 512, 1 to 2",
		"flush, 3 to 4", "write FUA of 512 bytes at 1024, 5 to 6",
		"zero of 512 bytes at 512, 8 to 9",
		"flush, 10 to 11",
	}
	if !slices.Equal(got, want) {
		t.Errorf("operations %q", got)
	}
	if at, ok := log.Find("ack 7"); !ok || at != 7 {
		t.Errorf("mark at %d", at)
	}
	var states []int64
	for _, s := range replayStates(log, 2, 100) {
		states = append(states, s.position)
	}
	if !slices.Equal(states, []int64{4, 6, 11, 7}) {
		t.Errorf("states at %d", states)
	}
	if n := len(replayStates(log, 2, 2)); n != 2 {
		t.Errorf("%d states, want 2", n)
	}
}

func TestDamagedLogWrites(t *testing.T) {
	whole := logBytes(logEntry{offset: 0, length: 512, data: sector('a')})
	for name, log := range map[string][]byte{
		"empty":       nil,
		"zeros":       make([]byte, 1024),
		"cut short":   whole[:len(whole)-1],
		"long mark":   logBytes(logEntry{flags: entryMark, mark: string(sector('m'))}),
		"huge write":  logBytes(logEntry{length: 1 << 40}),
		"no sectors":  append(slices.Clone(whole[:24]), make([]byte, 1000)...),
		"many claims": binary.LittleEndian.AppendUint64(slices.Clone(whole[:16]), 1<<60),
	} {
		if _, err := readLogWrites(bytes.NewReader(log)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
