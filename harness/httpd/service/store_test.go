package service_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness/httpd/internal/servetest"
	"lsmlab/harness/httpd/service"
	"lsmlab/harness/httpd/settings"
)

// fake is an engine whose calls do as they are told.
type fake struct {
	kv.Engine
	read, write error
	delay       time.Duration
	stopped     error
}

func (f *fake) Get(dst, _ []byte) ([]byte, error) { time.Sleep(f.delay); return dst, f.read }
func (f *fake) Apply(*kv.Batch, kv.Durability) error {
	time.Sleep(f.delay)
	return f.write
}
func (f *fake) Writable() error { return f.stopped }

func (f *fake) Scan(_, _ []byte) kv.Iterator { return &failedScan{err: f.read} }

// failedScan has no entries, but an error.
type failedScan struct {
	kv.Iterator
	err error
}

func (s *failedScan) First() bool  { return false }
func (s *failedScan) Close() error { return s.err }

func get(s *service.Store) error {
	_, _, err := s.Get(context.Background(), nil, nil)
	return err
}

func apply(s *service.Store) error {
	_, err := s.Apply(context.Background(), &kv.Batch{}, kv.Buffered)
	return err
}

// expect compares what an error means to clients; "" is success.
func expect(t *testing.T, err error, kind string) service.Problem {
	t.Helper()
	p := service.Problem{}
	if err != nil {
		p = service.Classify(err)
	}
	if p.Kind != kind {
		t.Fatalf("%v is %q, want %q", err, p.Kind, kind)
	}
	return p
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := settings.Default()
		s.Rate = settings.Rate{RequestsPerSecond: 10, Burst: 3}
		s.Fallback = "come back on Monday"
		store := servetest.Empty(s)
		store.Attach(&fake{})
		for range 3 {
			expect(t, get(store), "")
		}
		p := expect(t, apply(store), "rate-limited")
		if p.Status != http.StatusTooManyRequests || p.RetryAfter == 0 || !strings.Contains(p.Detail, "come back on Monday") {
			t.Errorf("%+v", p)
		}
		time.Sleep(100 * time.Millisecond)
		expect(t, get(store), "")
		expect(t, get(store), "rate-limited")
		s.Rate.RequestsPerSecond = 0
		store.Use(s)
		for range 100 {
			expect(t, get(store), "")
		}
	})
}

// TestBreaker: failing writes are refused without being tried, while reads go
// on; after a while a few try again.
func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := settings.Default()
		store := servetest.Empty(s)
		disk := &fake{write: errors.New("disk is gone"), read: kv.ErrNotFound}
		store.Attach(disk)
		for range s.Breaker.MinRequests {
			expect(t, apply(store), "internal")
		}
		p := expect(t, apply(store), "circuit-open")
		if p.Status != http.StatusServiceUnavailable || p.RetryAfter != s.Breaker.Open.Duration || !strings.Contains(p.Detail, "writes") {
			t.Errorf("%+v", p)
		}
		for range 2 * s.Breaker.MinRequests {
			expect(t, get(store), "not-found") // no failure
		}
		disk.write = nil
		expect(t, apply(store), "circuit-open")
		time.Sleep(s.Breaker.Open.Duration + time.Millisecond)
		for range 100 {
			expect(t, apply(store), "")
		}
	})
}

func TestSlowCallsOpenTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := settings.Default()
		store := servetest.Empty(s)
		store.Attach(&fake{delay: s.Breaker.Slow.Duration + time.Second})
		var clients sync.WaitGroup
		for range s.Breaker.MinRequests {
			clients.Go(func() { expect(t, get(store), "") })
		}
		clients.Wait()
		expect(t, get(store), "circuit-open")
	})
}

// TestExhausted: what an engine refuses for now is worth another try, and closes
// nothing: deletes, which go on, are not shut out with it.
func TestExhausted(t *testing.T) {
	store := servetest.Empty(settings.Default())
	full := fmt.Errorf("lsm: %w: %w", kv.ErrExhausted, syscall.ENOSPC)
	disk := &fake{write: full, stopped: full}
	store.Attach(disk)
	for range 100 {
		if p := expect(t, apply(store), "exhausted"); p.Status != http.StatusServiceUnavailable || p.RetryAfter == 0 {
			t.Fatalf("%+v", p)
		}
	}
	if err := store.Ready(); !errors.Is(err, kv.ErrExhausted) {
		t.Errorf("ready: %v", err)
	}
	disk.write, disk.stopped = nil, nil
	expect(t, apply(store), "")
	if err := store.Ready(); err != nil {
		t.Errorf("ready: %v", err)
	}
}

// TestStoppedReads: a durable read that fails because a sync did is refused as writes
// are, not an error of the server; one that fails for a reason of its own stays that.
func TestStoppedReads(t *testing.T) {
	stop := fmt.Errorf("lsm: writes stopped: %w", syscall.EIO)
	disk := &fake{read: stop, stopped: stop}
	store := servetest.Empty(settings.Default())
	store.Attach(disk)
	if p := expect(t, get(store), "writes-stopped"); p.Status != http.StatusServiceUnavailable {
		t.Errorf("%+v", p)
	}
	if err := store.Scan(context.Background(), nil, nil, 1, nil); err == nil || service.Classify(err).Kind != "writes-stopped" {
		t.Errorf("scan: %v", err)
	}
	disk.read = fmt.Errorf("%w: block 7", kv.ErrCorrupt)
	expect(t, get(store), "corrupt")
	disk.read = kv.ErrNotFound
	expect(t, get(store), "not-found")
}

// TestCanceledRead: a client that has left does not keep the engine busy.
func TestCanceledRead(t *testing.T) {
	store, _ := servetest.NewStore(t, settings.Default())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := store.Get(ctx, nil, []byte("k")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestBadRequestsCloseNothing: a client that asks for nonsense does not shut out
// the others.
func TestBadRequestsCloseNothing(t *testing.T) {
	store := servetest.Empty(settings.Default())
	store.Attach(&fake{write: kv.ErrUnsupported})
	for range 100 {
		expect(t, apply(store), "unsupported")
	}
}

func TestReady(t *testing.T) {
	store := servetest.Empty(settings.Default())
	expect(t, store.Ready(), "recovering")
	expect(t, get(store), "recovering")
	disk := &fake{}
	store.Attach(disk)
	expect(t, store.Ready(), "")
	disk.stopped, disk.write = errors.New("sync of 000001.wal: input/output error"), errors.New("writes stopped")
	p := expect(t, store.Ready(), "writes-stopped")
	if p.Status != http.StatusServiceUnavailable || !strings.Contains(p.Detail, "000001.wal") {
		t.Errorf("%+v", p)
	}
	expect(t, apply(store), "writes-stopped")
	expect(t, get(store), "")
	disk.stopped = nil
	store.Stop()
	expect(t, store.Ready(), "stopping")
	expect(t, get(store), "")
}

// TestScanStops: at the limit, and when the client has gone.
func TestScanStops(t *testing.T) {
	store, db := servetest.NewStore(t, settings.Default())
	var b kv.Batch
	for i := range 100 {
		b.Set(fmt.Appendf(nil, "%03d", i), nil)
	}
	if err := db.Apply(&b, kv.Buffered); err != nil {
		t.Fatal(err)
	}
	count := 0
	visit := func(_, _ []byte) error { count++; return nil }
	if err := store.Scan(context.Background(), nil, []byte("050"), 7, visit); err != nil || count != 7 {
		t.Errorf("%d entries, %v", count, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	err := store.Scan(ctx, nil, nil, 100, func(_, _ []byte) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
