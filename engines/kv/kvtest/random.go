package kvtest

import (
	"cmp"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/testseed"
)

var (
	flagSeed = flag.Uint64("kvtest.seed", 0, "seed of the random engine test; 0 draws a fresh one")
	flagOps  = flag.Int("kvtest.ops", 0, "operations of the random engine test; 0: as many as the test has, mostly 20000")
)

// longRun is the number of operations from which on costly operations get rarer.
const longRun = 1_000_000

// Random is [RunRandom] with the flags -kvtest.seed and -kvtest.ops, for the
// test function that a failure message names.
func Random(t *testing.T, h Harness) { RandomOf(t, h, 20_000) }

// RandomOf is [Random] with another number of operations where no flag says one: for
// tests of many engines.
func RandomOf(t *testing.T, h Harness, ops int) {
	seed := *flagSeed
	if seed == 0 {
		seed = testseed.New(t)
	}
	RunRandom(t, h, seed, cmp.Or(*flagOps, ops))
}

// RunRandom executes random operations on an engine and on a model side by
// side and compares every answer. All depends on seed and ops alone. A failure
// prints the command that runs it again.
func RunRandom(t testing.TB, h Harness, seed uint64, ops int) {
	t.Helper()
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	p := &program{random: rand.NewChaCha8(key)}
	d := newDriver(t, h, p)
	d.long = ops >= longRun
	start := time.Now()
	var err error
	for err == nil && d.executed < ops {
		err = d.step()
	}
	if err = d.finish(err); err != nil {
		t.Fatalf("after %d of %d operations: %v\nrun again: %s -kvtest.seed=%d -kvtest.ops=%d", d.executed, ops, err, testseed.Command(t), seed, ops)
	}
	t.Logf("%d operations executed in %v, seed %d, %d crashes, %d reopens, %d commits, %d conflicts",
		d.executed, time.Since(start).Round(time.Millisecond), seed, d.crashes, d.reopens, d.commits, d.conflicts)
}

// Fuzz is the body of a fuzz target: the input is a program of operations, run
// as in [RunRandom]. Of several harnesses the first byte of the input chooses one.
func Fuzz(f *testing.F, harnesses ...Harness) {
	for i := range harnesses {
		add := func(program []byte) {
			if len(harnesses) > 1 {
				program = append([]byte{byte(i)}, program...)
			}
			f.Add(program)
		}
		for seed := range uint64(6) {
			add(seedProgram(seed, 40<<seed))
			add(seedProgram(seed|wideBit, 40<<seed))
		}
		for _, code := range []byte{0, 40, 48, 56, 72, 200} { // each rare operation, between writes
			add([]byte{1, 0, 3, 9, 1, 100, 5, 9, 1, 255, code, 130, 3, 255, 96, 0, 3, 9, 1, 255, code, 255, 96})
		}
		for _, code := range []byte{96, 112} { // those of wide programs: a checkpoint, the past
			add([]byte{1 | wideBit, 0, 3, 9, 1, 96, 1, 1, 9, 9, 0, 4, 9, 1, 255, code, 0, 0, 3, 9, 1, 255, code, 1})
		}
	}
	testseed.Inputs(f, 4, 1<<12)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<14 {
			t.Skip("longer programs find nothing that shorter ones do not")
		}
		h := harnesses[0]
		if len(harnesses) > 1 && len(data) > 0 {
			h, data = harnesses[int(data[0])%len(harnesses)], data[1:]
		}
		d := newDriver(t, h, &program{rest: data})
		var err error
		for err == nil && !d.p.ended() {
			err = d.step()
		}
		if err = d.finish(err); err != nil {
			t.Fatalf("operation %d: %v", d.executed, err)
		}
	})
}

func seedProgram(seed uint64, size int) []byte {
	data := make([]byte, size)
	var key [32]byte
	key[0] = byte(seed)
	rand.NewChaCha8(key).Read(data)
	data[0] = byte(seed)
	return data
}

// dump reads the whole content through an iterator.
func dump(r kv.Reader) (map[string]string, error) {
	content := map[string]string{}
	it := r.Scan(nil, nil)
	last, first := "", true
	for ok := it.First(); ok; ok = it.Next() {
		key := string(it.Key())
		if !first && key <= last {
			return nil, errors.Join(fmt.Errorf("scan shows %s after %s", show(key), show(last)), it.Close())
		}
		content[key] = string(it.Value())
		last, first = key, false
	}
	return content, it.Close()
}
