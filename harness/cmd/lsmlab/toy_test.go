package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/harness/cmd/inventory"
	"lsmlab/harness/memrace"
	"lsmlab/harness/micro"
	"lsmlab/harness/result"
)

// asProgram makes the test binary the program itself, with toy engines, so that
// cells get processes of their own without a build.
const asProgram = "LSMLAB_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		toyMain()
	}
	os.Setenv(asProgram, "1") // for the processes of cells
	os.Exit(m.Run())
}

// toyMain is main with the toy catalog, or with the real one on request.
func toyMain() {
	catalog := toyCatalog()
	if os.Getenv(asProgram) == "crowd" {
		os.Exit(crowd(os.Args[1:]))
	}
	if os.Getenv(asProgram) == "real" {
		catalog = inventory.Catalog()
	}
	os.Exit(run(signalContext(), catalog, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// toyCatalog has engines that work and engines with every vice.
func toyCatalog() harness.Catalog {
	vices := map[string]func(*toy){
		"toy":    func(*toy) {},
		"toybox": func(*toy) {},
		"slow":   func(t *toy) { t.delay = time.Millisecond },
		"crasher": func(t *toy) {
			t.atWrite = func(n int64) {
				if n == 500 {
					panic("planted crash")
				}
			}
		},
		"hanger": func(t *toy) {
			t.atWrite = func(n int64) {
				if n == 500 {
					select {}
				}
			}
		},
		"full":    func(t *toy) { t.writeErr = fmt.Errorf("write wal: %w", errNoSpace) },
		"liar":    func(t *toy) { t.lie = true },
		"printer": func(*toy) { fmt.Println("an engine that prints to standard output") },
		"picky":   func(*toy) {},
		"loser":   func(t *toy) { t.delay = 100 * time.Microsecond }, // has transactions that lose updates
	}
	names := make([]string, 0, len(vices))
	for n := range vices {
		names = append(names, n)
	}
	slices.Sort(names)
	return harness.Catalog{
		Engines: names,
		Lookup: func(name string) (result.EngineInfo, error) {
			if vices[strings.TrimSuffix(name, result.Again)] == nil {
				return result.EngineInfo{}, fmt.Errorf("unknown engine %q, did you mean toy?", name)
			}
			o := map[string]string{"buffered": "a map and a log"}
			if name != "picky" {
				o["volatile"], o["synced"] = "a map", "a map and a synced log"
			}
			info := result.EngineInfo{Name: name, Version: "v0", Options: o}
			if name == "loser" {
				info.Isolations = map[string]string{"snapshot": "a promise"}
			}
			return info, nil
		},
		Open: func(name, dir string, _ harness.OpenOptions) (kv.Engine, error) {
			name = strings.TrimSuffix(name, result.Again)
			log, err := os.OpenFile(filepath.Join(dir, "toy.log"), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
			if err != nil {
				return nil, err
			}
			t := &toy{log: log, values: map[string]string{}}
			old, err := io.ReadAll(log)
			t.replay(kv.ReadOps(old))
			vices[name](t)
			if name == "loser" {
				return loser{t}, err
			}
			return t, err
		},
		Kinds: []micro.Kind{memrace.Kind(memrace.Peers())},
	}
}

// toy is a map and a log.
type toy struct {
	mu       sync.RWMutex
	values   map[string]string
	log      *os.File
	writes   atomic.Int64
	atWrite  func(n int64)
	writeErr error
	delay    time.Duration
	lie      bool
}

func (t *toy) Apply(b *kv.Batch, _ kv.Durability) error {
	time.Sleep(t.delay)
	if t.writeErr != nil {
		return t.writeErr
	}
	if t.atWrite != nil {
		for range b.Len() {
			t.atWrite(t.writes.Add(1))
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, err := t.log.Write(b.Bytes()); err != nil {
		return err
	}
	t.replay(b.Ops())
	return nil
}

func (t *toy) replay(ops kv.Ops) {
	for ops.Next() {
		if ops.Kind == kv.OpSet {
			t.values[string(ops.Key)] = string(ops.Value)
		} else {
			delete(t.values, string(ops.Key))
		}
	}
}

func (t *toy) Get(dst, key []byte) ([]byte, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	v, ok := t.values[string(key)]
	if !ok {
		return dst, kv.ErrNotFound
	}
	if t.lie {
		v = strings.Repeat("x", len(v))
	}
	return append(dst, v...), nil
}

func (t *toy) Scan(lower, upper []byte) kv.Iterator {
	t.mu.RLock()
	defer t.mu.RUnlock()
	it := &toyIterator{at: -1}
	for k, v := range t.values {
		if k >= string(lower) && (upper == nil || k < string(upper)) {
			it.entries = append(it.entries, [2]string{k, v})
		}
	}
	slices.SortFunc(it.entries, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return it
}

func (t *toy) Snapshot() (kv.Snapshot, error) { return nil, kv.ErrUnsupported }
func (t *toy) Close() error                   { return t.log.Close() }

// Metrics implements kv.Metricer.
func (t *toy) Metrics() kv.Metrics {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return kv.Metrics{MemTableEntries: int64(len(t.values)), Levels: []kv.LevelMetrics{{Tables: 3}}}
}

type toyIterator struct {
	entries [][2]string
	at      int
}

func (i *toyIterator) First() bool { i.at = 0; return i.at < len(i.entries) }
func (i *toyIterator) Next() bool  { i.at++; return i.at < len(i.entries) }
func (i *toyIterator) SeekGE(key []byte) bool {
	i.at, _ = slices.BinarySearchFunc(i.entries, string(key), func(e [2]string, k string) int { return strings.Compare(e[0], k) })
	return i.at < len(i.entries)
}
func (i *toyIterator) Key() []byte   { return []byte(i.entries[i.at][0]) }
func (i *toyIterator) Value() []byte { return []byte(i.entries[i.at][1]) }
func (i *toyIterator) Close() error  { return nil }

// outcome is what a command leaves.
type outcome struct {
	status         int
	stdout, stderr string
}

// lab runs a command in this process; only cells get processes.
func lab(t *testing.T, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	status := run(ctx, toyCatalog(), args, strings.NewReader(""), &stdout, &stderr)
	return outcome{status, stdout.String(), stderr.String()}
}

// cells reads the cells of a run and checks that what they name is there.
func cells(t *testing.T, dir string) []result.Cell {
	t.Helper()
	got, warnings, err := result.ReadCells(dir)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	for _, c := range got {
		if !c.OK() {
			continue
		}
		if _, err := result.ReadHists(filepath.Join(dir, c.HistFile)); err != nil {
			t.Error(err)
		}
		if _, err := result.ReadSeries(filepath.Join(dir, c.SeriesFile)); err != nil {
			t.Error(err)
		}
	}
	for _, pattern := range []string{"store-*", ".tmp-*", "hist/.tmp-*", "series/.tmp-*"} {
		if left, _ := filepath.Glob(filepath.Join(dir, pattern)); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	return got
}

var errNoSpace = errors.New("no space left on device")
