package kvtest

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/testseed"
)

var checkpointCases = []Case{
	{"Checkpoint", testCheckpoint},
	{"CheckpointWhileWriting", testCheckpointWhileWriting},
	{"CheckpointRefused", testCheckpointRefused},
	{"CheckpointCrash", testCheckpointCrash},
}

// checkpointSuffix is in the names of the directories that checkpoints of a store are
// made in, behind the name of its own.
const checkpointSuffix = ".checkpoint"

// withCheckpoints returns a store that can be copied, or skips the test.
func withCheckpoints(t testing.TB, h Harness) *store {
	t.Helper()
	s := newStore(t, h)
	if _, ok := s.Engine.(kv.Checkpointer); !ok {
		t.Skip("the engine makes no checkpoints: it is no kv.Checkpointer")
	}
	return s
}

// checkpoint copies the store and returns the directory.
func (s *store) checkpoint(n int) string {
	s.Helper()
	dir := s.dir + checkpointSuffix + strconv.Itoa(n)
	s.Cleanup(func() { os.RemoveAll(dir) })
	if err := s.Engine.(kv.Checkpointer).Checkpoint(dir); err != nil {
		s.Fatalf("checkpoint: %v", err)
	}
	return dir
}

// copyIn opens the store that a checkpoint made, and checks it.
func (s *store) copyIn(dir string) *store {
	s.Helper()
	c := &store{TB: s.TB, h: s.h, dir: dir, durability: s.durability, safe: s.safe}
	c.open()
	s.Cleanup(func() { c.Engine.Close() })
	if v, ok := c.Engine.(kv.Verifier); ok {
		if err := v.Verify(); err != nil {
			s.Fatalf("verify of a checkpoint: %v", err)
		}
	}
	return c
}

// testCheckpoint copies stores of all shapes: empty, in memory, flushed, both. Each copy
// holds the state of its call, and goes on as a store by itself.
func testCheckpoint(t testing.TB, h Harness) {
	s := withCheckpoints(t, h)
	var all []pair
	var copies []*store
	var held [][]pair
	for i := range 5 {
		copies = append(copies, s.copyIn(s.checkpoint(i)))
		held = append(held, all)
		for _, d := range Durabilities(t, s) {
			p := pair{fmt.Sprintf("%d-%d", i, d), string(pattern(i, 2000))}
			s.apply(d, func(b *kv.Batch) { b.Set([]byte(p.key), []byte(p.value)) })
			all = append(all[:len(all):len(all)], p)
		}
		if i%2 == 1 {
			s.flushAndCompact()
		}
	}
	for i, c := range copies {
		c.wantScan(c, nil, nil, held[i])
		c.set("own", "1")
		c.delete("0-2")
	}
	s.wantScan(s, nil, nil, all)
	s.deleteAll()
	s.flushAndCompact()
	for i, c := range copies {
		c.barrier()
		c.flushAndCompact()
		c.reopen()
		want := append([]pair(nil), held[i]...)
		for j, p := range want {
			if p.key == "0-2" {
				want = append(want[:j], want[j+1:]...)
				break
			}
		}
		c.wantScan(c, nil, nil, append(want, pair{"own", "1"}))
		again := c.copyIn(c.checkpoint(0)) // a copy of the copy
		again.want(again, "own", "1")
		again.close()
		c.close()
	}
	s.wantScan(s, nil, nil, nil)
}

func (s *store) deleteAll() {
	s.Helper()
	old := s.dump()
	s.apply(s.durability, func(b *kv.Batch) {
		for key := range old {
			b.Delete([]byte(key))
		}
	})
}

// testCheckpointWhileWriting copies a store while batches are applied, each of which
// writes one number to all keys of its group. A copy has each group whole, at a number that
// was acknowledged before the call or later.
func testCheckpointWhileWriting(t testing.TB, h Harness) {
	s := withCheckpoints(t, h)
	const groups, size, mostBatches = 3, 8, 20_000
	var acked [groups]atomic.Int64
	var done atomic.Bool
	var writers workers
	for g := range groups {
		writers.run(func() error {
			var b kv.Batch
			for i := int64(1); i <= mostBatches && !done.Load(); i++ {
				b.Reset()
				for k := range size {
					b.Set([]byte{byte(k), byte(g)}, strconv.AppendInt(nil, i, 10))
				}
				if err := s.Apply(&b, s.durability); err != nil {
					return err
				}
				acked[g].Store(i)
			}
			return nil
		})
	}
	stop := func() { done.Store(true); writers.wg.Wait() }
	defer stop() // also when a check fails
	for i := range 5 {
		var before [groups]int64
		for g := range groups {
			for before[g] == 0 || before[g] < int64(i*10) && before[g] < mostBatches {
				if before[g] = acked[g].Load(); len(writers.failed()) > 0 {
					writers.wait(t)
				}
			}
		}
		c := s.copyIn(s.checkpoint(i))
		for range 2 {
			for g := range groups {
				c.wantGroup(g, size, before[g])
			}
			c.reopen()
		}
		c.close()
	}
	stop()
	writers.wait(t)
}

// wantGroup checks that all keys of a group have one number, at least least.
func (s *store) wantGroup(g, size int, least int64) {
	s.Helper()
	found := int64(-1)
	for k := range size {
		value, err := s.Get(nil, []byte{byte(k), byte(g)})
		n, errNumber := strconv.ParseInt(string(value), 10, 64)
		if err != nil || errNumber != nil || n < least || found >= 0 && n != found {
			s.Fatalf("key %d of group %d has %q, %v; others %d; acknowledged before was %d", k, g, value, err, found, least)
		}
		found = n
	}
}

// testCheckpointRefused: a directory that exists is refused and stays as it is; after an
// error there is none; a closed engine makes none.
func testCheckpointRefused(t testing.TB, h Harness) {
	s := withCheckpoints(t, h)
	all := fill(s, 10)
	c := s.Engine.(kv.Checkpointer)
	dir := s.checkpoint(0)
	if err := c.Checkpoint(dir); err == nil {
		t.Fatal("a checkpoint was made where there was one")
	}
	if err := c.Checkpoint(s.dir); err == nil {
		t.Fatal("a checkpoint was made in the directory of the store")
	}
	s.copyIn(dir).wantScan(s.Engine, nil, nil, all)
	s.wantScan(s, nil, nil, all)
	s.close()
	bad := s.dir + checkpointSuffix + "closed"
	if err := c.Checkpoint(bad); !errors.Is(err, kv.ErrClosed) {
		t.Fatalf("checkpoint of a closed engine: %v", err)
	}
	if _, err := os.Stat(bad); err == nil {
		t.Fatal("a checkpoint that failed has left its directory")
	}
	s.open()
	s.wantScan(s, nil, nil, all)
}

// testCheckpointCrash cuts the power right after a checkpoint: it is durable, with all
// that was acknowledged before at whatever level.
func testCheckpointCrash(t testing.TB, h Harness) {
	if h.NewMachine == nil {
		t.Skip("the engine cannot run on a machine whose crashes are simulated (Harness.NewMachine)")
	}
	rng := testseed.Rand(t)
	const copyDir = storeDir + checkpointSuffix
	for round := range 20 {
		seed := rng.Uint64() % (1 << 16)
		m := h.NewMachine()
		e, err := m.Open(storeDir)
		if err != nil {
			t.Fatal(err)
		}
		s := &store{TB: labelled{t, fmt.Sprintf("round %d, seed %d", round, seed)}, Engine: e, h: h}
		c, ok := e.(kv.Checkpointer)
		if !ok {
			t.Skip("the engine makes no checkpoints: it is no kv.Checkpointer")
		}
		durabilities := Durabilities(s, e)
		var want []pair
		for i := range rng.IntN(30) {
			p := pair{fmt.Sprintf("%03d", i), string(pattern(i, rng.IntN(5000)))}
			s.apply(durabilities[rng.IntN(len(durabilities))], func(b *kv.Batch) { b.Set([]byte(p.key), []byte(p.value)) })
			want = append(want, p)
			if i == 15 && round%2 == 0 {
				s.flushAndCompact()
			}
		}
		if err := c.Checkpoint(copyDir); err != nil {
			s.Fatalf("checkpoint: %v", err)
		}
		m.Crash(PowerOff, seed)
		e.Close()
		for _, dir := range []string{copyDir, storeDir} {
			if s.Engine, err = m.Open(dir); err != nil {
				s.Fatalf("open of %s after the crash: %v", dir, err)
			}
			if dir == copyDir {
				s.wantScan(s, nil, nil, want)
			}
			if err := s.Engine.Close(); err != nil {
				s.Fatal(err)
			}
		}
	}
}
