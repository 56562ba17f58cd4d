package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
	"lsmlab/harness/httpd/settings"
)

// newBounded returns a store that holds at most so many bytes, and refuses at once.
func newBounded(t *testing.T, bytes int64) *Store {
	t.Helper()
	db, err := lsm.Open(t.TempDir(), lsm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	next := settings.Default()
	next.Limits.HeldBytes = bytes
	s := New(next, slog.New(slog.DiscardHandler))
	s.Attach(db)
	s.answers.patience, s.requests.patience = time.Millisecond, time.Millisecond
	return s
}

func (s *Store) mustSet(t *testing.T, key string, size int) {
	t.Helper()
	var b kv.Batch
	b.Set([]byte(key), make([]byte, size))
	if _, err := s.Apply(context.Background(), &b, kv.Buffered); err != nil {
		t.Fatal(err)
	}
}

// TestReadIsBounded: large values are refused while others hold all room, small
// ones never, and a value that is larger than all room is read by one at a time.
func TestReadIsBounded(t *testing.T) {
	s, ctx := newBounded(t, 1<<20), context.Background()
	s.mustSet(t, "small", SmallSize)
	s.mustSet(t, "large", 400_000)
	s.mustSet(t, "huge", 2<<20)
	read := func(h *Hold, key string, want error) {
		t.Helper()
		if value, _, err := s.Read(ctx, h, 1, nil, []byte(key)); !errors.Is(err, want) || err != nil && value != nil {
			t.Errorf("%s: %d bytes, %v, want %v", key, len(value), err, want)
		}
	}
	holds := make([]Hold, 5)
	for i := range holds {
		holds[i] = s.HoldAnswer()
	}
	read(&holds[0], "large", nil)
	read(&holds[0], "large", nil) // again into the same memory
	read(&holds[1], "large", nil)
	read(&holds[2], "large", ErrBusy)
	read(&holds[2], "huge", ErrBusy)
	read(&holds[2], "small", nil)
	if answers, requests := s.Held(); answers != 800_000 || requests != 0 {
		t.Errorf("%d and %d bytes are held", answers, requests)
	}
	holds[0].Release()
	holds[0].Release() // gives nothing back twice
	read(&holds[2], "large", nil)
	holds[1].Release()
	holds[2].Release()
	read(&holds[3], "huge", nil)
	read(&holds[4], "large", ErrBusy)
	holds[3].Release()
	if answers, _ := s.Held(); answers != 0 {
		t.Errorf("%d bytes are held in the end", answers)
	}
}

// TestWaitsForRoom: a read that finds none goes on when another is done.
func TestWaitsForRoom(t *testing.T) {
	s, ctx := newBounded(t, 100_000), context.Background()
	s.answers.patience = time.Minute
	s.mustSet(t, "k", 100_000)
	first, second := s.HoldAnswer(), s.HoldAnswer()
	if _, _, err := s.Read(ctx, &first, 1, nil, []byte("k")); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, _, err := s.Read(ctx, &second, 1, nil, []byte("k"))
		done <- err
	}()
	first.Release()
	if err := <-done; err != nil {
		t.Error(err)
	}
	cut, cancel := context.WithCancel(ctx)
	cancel()
	if _, _, err := s.Read(cut, &first, 1, nil, []byte("k")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestBodyIsBounded: a body is held as it comes, so that who announces much and
// sends little holds little.
func TestBodyIsBounded(t *testing.T) {
	s, ctx := newBounded(t, 8<<20), context.Background()
	first, second := s.HoldRequest(), s.HoldRequest()
	body := func(h *Hold, n int) error {
		_, err := io.Copy(io.Discard, h.Body(ctx, io.NopCloser(strings.NewReader(strings.Repeat("x", n))), 2))
		return err
	}
	if err := body(&first, 2<<20); err != nil {
		t.Fatal(err)
	}
	if _, requests := s.Held(); requests < 4<<20 || requests > 6<<20 {
		t.Errorf("%d bytes are held for 2 MiB, twice", requests)
	}
	if err := body(&second, 4<<20); !errors.Is(err, ErrBusy) {
		t.Error(err)
	}
	second.Release()
	if err := body(&second, SmallSize/2); err != nil {
		t.Error(err)
	}
}

// TestUpdate: updates that count up, beside plain writes and updates of many keys
// in any order, lose nothing and do not wait for each other for ever.
func TestUpdate(t *testing.T) {
	s, ctx := newBounded(t, 1<<20), context.Background()
	const clients, rounds = 8, 200
	key := func(i int) []byte { return fmt.Append(nil, "counter", i) }
	var all sync.WaitGroup
	for c := range clients {
		all.Go(func() {
			for r := range rounds {
				keys := [][]byte{key((c + r) % 5), key((c * 3) % 5), key(0)}
				var b kv.Batch
				_, err := s.Update(ctx, keys, &b, kv.Buffered, func() error {
					value, _, err := s.Get(ctx, nil, key(0))
					if err != nil && !errors.Is(err, kv.ErrNotFound) {
						return err
					}
					n, _ := strconv.Atoi(string(value))
					b.Set(key(0), fmt.Append(nil, n+1))
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				s.mustSet(t, string(key(1+c%4)), 10)
			}
		})
	}
	all.Wait()
	if value, _, err := s.Get(ctx, nil, key(0)); string(value) != fmt.Sprint(clients*rounds) {
		t.Errorf("%s, %v, want %d", value, err, clients*rounds)
	}
	failed := errors.New("no")
	var b kv.Batch
	if _, err := s.Update(ctx, nil, &b, kv.Buffered, func() error { b.Set(key(9), nil); return failed }); !errors.Is(err, failed) {
		t.Error(err)
	}
	if _, _, err := s.Get(ctx, nil, key(9)); !errors.Is(err, kv.ErrNotFound) {
		t.Errorf("a failed update wrote: %v", err)
	}
}

// TestBusyIsWorthRepeating: a client that is refused because there is no memory is told
// when to come back.
func TestBusyIsWorthRepeating(t *testing.T) {
	if p := Classify(fmt.Errorf("read: %w", ErrBusy)); p.Status != 503 || p.Kind != "busy" || p.RetryAfter == 0 {
		t.Errorf("%+v", p)
	}
}
