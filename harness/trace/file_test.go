package trace

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"lsmlab/engines/testseed"
)

// randomEvents are events of all kinds, in batches too, with keys that compress badly, so
// that they fill several blocks.
func randomEvents(rng *rand.Rand, n int) (events []Event) {
	key := func() []byte {
		b := make([]byte, rng.IntN(40))
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return b
	}
	at := time.Duration(0)
	for len(events) < n {
		e := Event{Kind: Kind(rng.IntN(int(kinds))), At: at, Key: key()}
		switch e.Kind {
		case Get, Set:
			e.Size = rng.IntN(10_000)
		case DeleteRange:
			e.Upper = key()
		case Scan:
			e.Entries = rng.IntN(100)
		}
		e.More = (e.Kind != Get && e.Kind != Scan) && len(events) < n-1 && rng.IntN(3) == 0
		if len(events) > 0 && events[len(events)-1].More {
			e = Event{Kind: Delete, At: at, Key: key()}
		}
		events = append(events, e)
		at += time.Duration(rng.ExpFloat64() * 1e5)
	}
	return events
}

func write(t testing.TB, events []Event) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "a.trace")
	w, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range events {
		if err := w.Append(&events[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// readAll returns copies of all events, up to the first error.
func readAll(name string, in io.Reader) (events []Event, err error) {
	r, err := NewReader(name, in)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for e := (Event{}); ; {
		switch err := r.Next(&e); err {
		case nil:
		case io.EOF:
			return events, nil
		default:
			return events, err
		}
		c := e
		c.Key = append([]byte{}, e.Key...)
		if e.Upper != nil {
			c.Upper = append([]byte{}, e.Upper...)
		}
		events = append(events, c)
	}
}

// TestRoundTrip: a trace of any length, over several blocks, reads back as it was.
func TestRoundTrip(t *testing.T) {
	rng := testseed.Rand(t)
	for _, n := range []int{0, 1, 2, 100, 60_000} {
		events := randomEvents(rng, n)
		content, err := os.ReadFile(write(t, events))
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAll("a.trace", bytes.NewReader(content))
		if err != nil || len(got) != len(events) {
			t.Fatalf("%d events: read %d, %v", n, len(got), err)
		}
		for i := range events {
			if !reflect.DeepEqual(got[i], events[i]) {
				t.Fatalf("event %d is %+v, want %+v", i, got[i], events[i])
			}
		}
	}
}

// TestDamage: every cut and every changed byte is an error that names file and offset; no
// event is read that was not written.
func TestDamage(t *testing.T) {
	rng := testseed.Rand(t)
	events := randomEvents(rng, 200)
	content, err := os.ReadFile(write(t, events))
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, damaged []byte) {
		t.Helper()
		got, err := readAll("a.trace", bytes.NewReader(damaged))
		if err == nil || !strings.HasPrefix(err.Error(), "a.trace: offset ") {
			t.Errorf("%s: read %d events, error %v", what, len(got), err)
		}
	}
	for n := range content {
		refused("cut", content[:n])
	}
	for at := range content {
		damaged := bytes.Clone(content)
		damaged[at] ^= byte(1 + rng.IntN(255))
		refused("changed", damaged)
	}
	refused("with more behind it", append(bytes.Clone(content), 0))
}

// TestAppendOrder: times that fall are refused.
func TestAppendOrder(t *testing.T) {
	w, err := Create(filepath.Join(t.TempDir(), "a.trace"))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(&Event{At: 2}); err != nil {
		t.Fatal(err)
	}
	if err := w.Append(&Event{At: 1}); err == nil {
		t.Error("an event before the last one was taken")
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

// FuzzReader: no input makes the reader panic, and what it reads as a whole it reads back
// after it was written again.
func FuzzReader(f *testing.F) {
	content, err := os.ReadFile(write(f, randomEvents(testseed.Rand(f), 50)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	testseed.Damaged(f, 30, content)
	f.Fuzz(func(t *testing.T, content []byte) {
		events, err := readAll("a.trace", bytes.NewReader(content))
		if err != nil {
			return
		}
		again, err := os.ReadFile(write(t, events))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := readAll("a.trace", bytes.NewReader(again)); err != nil || len(got) != len(events) {
			t.Fatalf("%d events came back as %d: %v", len(events), len(got), err)
		}
	})
}

// FuzzEvent: no bytes make the decoder of an event panic, and what it reads is read back.
func FuzzEvent(f *testing.F) {
	for _, e := range randomEvents(testseed.Rand(f), 20) {
		f.Add(e.append(nil, 0))
	}
	testseed.Inputs(f, 50, 60)
	f.Fuzz(func(t *testing.T, b []byte) {
		var e, again Event
		if _, err := e.decode(b, 5); err != nil {
			return
		}
		if rest, err := again.decode(e.append(nil, 5), 5); err != nil || len(rest) > 0 || !reflect.DeepEqual(again, e) {
			t.Fatalf("%+v came back as %+v: %v", e, again, err)
		}
	})
}
