package program

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"

	"lsmlab/engines/kv"
)

// Shape is what a generated program looks like.
type Shape struct {
	Durability kv.Durability
	Writers    int // default 1
	Writes     int // default 60
	// Levels are the isolation levels of its transactions; without any it has none. No
	// transaction of the engine may wait for another one.
	Levels []kv.Isolation
	// RangeDeletes says that batches have range deletes, which the engine must take.
	RangeDeletes bool
}

// keysPerWriter makes overwrites, deletes and their tombstones frequent.
const keysPerWriter = 16

// Generate returns the program of a seed: mostly small writes, some of a few KiB
// so that logs switch, with flushes, compactions and reopenings between.
func Generate(seed uint64, shape Shape) *Program {
	if shape.Writers == 0 {
		shape.Writers = 1
	}
	if shape.Writes == 0 {
		shape.Writes = 60
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	p := &Program{Durability: shape.Durability}
	txns := txnMaker{rng: rng, shape: shape}
	for writes := 0; writes < shape.Writes; {
		switch n := rng.IntN(100); {
		case n < 60 && len(shape.Levels) > 0:
			s := txns.next()
			p.Steps = append(p.Steps, s)
			if s.Kind == Commit {
				writes++
			}
		case n < 84:
			s := randomWrite(rng, rng.IntN(shape.Writers), shape.Durability)
			if shape.RangeDeletes && rng.IntN(4) == 0 {
				s.Ops = slices.Insert(s.Ops, rng.IntN(len(s.Ops)+1), randomRange(rng, s.Writer))
			}
			p.Steps = append(p.Steps, s)
			writes++
		case n < 94:
			p.Steps = append(p.Steps, Step{Kind: Flush})
		case n < 97:
			p.Steps = append(p.Steps, Step{Kind: Compact})
		default:
			p.Steps = append(p.Steps, Step{Kind: Reopen})
			txns.open = nil
		}
	}
	return p
}

func randomWrite(rng *rand.Rand, writer int, strongest kv.Durability) Step {
	s := Step{Writer: writer, Durability: strongest}
	if rng.IntN(3) == 0 {
		s.Durability = kv.Durability(rng.IntN(int(strongest) + 1))
	}
	ops := 1
	if rng.IntN(4) == 0 {
		ops += 1 + rng.IntN(4)
	}
	for range ops {
		s.Ops = append(s.Ops, randomOp(rng, writer))
	}
	return s
}

func randomOp(rng *rand.Rand, writer int) Op {
	op := Op{Key: randomKey(rng, writer)}
	switch n := rng.IntN(20); {
	case n < 4:
		op.Delete = true
	case n < 17:
		op.Size = rng.IntN(120)
	default:
		op.Size = 600 + rng.IntN(2000)
	}
	return op
}

// randomRange returns a range delete of a few keys, or of up to all.
func randomRange(rng *rand.Rand, writer int) Op {
	a, b := rng.IntN(keysPerWriter), rng.IntN(keysPerWriter)
	if rng.IntN(3) > 0 {
		b = a + rng.IntN(4)
	}
	return Op{Key: keyAt(writer, min(a, b)), Upper: keyAt(writer, max(a, b)) + "~"}
}

func randomKey(rng *rand.Rand, writer int) string {
	return keyAt(writer, rng.IntN(keysPerWriter))
}

func keyAt(writer, number int) string {
	return fmt.Sprintf("w%d-%02d", writer, number)
}

// shortSteps are what short programs are made of.
func shortSteps(durability kv.Durability, rangeDeletes bool) []Step {
	steps := []Step{
		{Durability: durability, Ops: []Op{{Key: "a", Size: 8}}},
		{Durability: durability, Ops: []Op{{Key: "a", Delete: true}}},
		{Durability: durability, Ops: []Op{{Key: "b", Size: 700}, {Key: "a", Delete: true}, {Key: "c", Size: 8}}},
		{Kind: Flush},
		{Kind: Compact},
		{Kind: Reopen},
	}
	if rangeDeletes {
		steps = append(steps, Step{Durability: durability, Ops: []Op{{Key: "a", Upper: "c"}, {Key: "c", Size: 8}}})
	}
	return steps
}

// Short yields every program of one to length steps out of put, delete, batch,
// flush, compact, reopen and, if asked for, range delete, the shortest first. Its writes are all of one durability level.
func Short(length int, durability kv.Durability, rangeDeletes bool) iter.Seq[*Program] {
	choices := shortSteps(durability, rangeDeletes)
	return func(yield func(*Program) bool) {
		count := 1
		for n := 1; n <= length; n++ {
			count *= len(choices)
			for code := range count {
				p := &Program{Durability: durability}
				for rest := code; len(p.Steps) < n; rest /= len(choices) {
					p.Steps = append(p.Steps, choices[rest%len(choices)])
				}
				if !yield(p) {
					return
				}
			}
		}
	}
}
