package probe

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// form is which writes a random script makes.
type form uint8

// The forms.
const (
	// Updates: every write is one of a key that its transaction read. So the order of all
	// versions is known, as it is of lists to which elements are appended, and what was
	// seen is judged exactly.
	Updates form = iota
	// Mixed: also writes of keys that were not read, range reads, inserts into
	// ranges, and writes without a transaction.
	Mixed
)

var formNames = [...]string{"updates", "mixed"}

// String returns the name used in results.
func (f form) String() string { return formNames[f] }

// random returns a script drawn from a seed: a few sessions that make transactions on
// few keys, so that they meet. The same seed gives the same script.
//
// Transactions are of four shapes: some reads and writes of any keys; both keys of a pair
// read and one written (write skew); a range read and one of its keys written, mostly one
// that is absent (phantoms; where the form has them); and reads alone.
func random(form form, seed uint64) *Script {
	g := &generator{rng: rand.New(rand.NewPCG(seed, uint64(form))), form: form, script: &Script{Name: fmt.Sprintf("%s, seed %d", form, seed)}}
	sessions := 2 + g.rng.IntN(4)
	g.todo = make([][]Step, sessions)
	for range 3 + g.rng.IntN(10*sessions) {
		s := g.rng.IntN(sessions)
		g.todo[s] = append(g.todo[s], g.transaction(s)...)
	}
	g.interleave()
	return g.script
}

type generator struct {
	rng    *rand.Rand
	form   form
	script *Script
	value  int64
	todo   [][]Step // of each session
}

// transaction returns the steps of one transaction.
func (g *generator) transaction(session int) []Step {
	if g.form == Mixed && g.rng.IntN(8) == 0 {
		st := Step{Verb: Plain, Key: g.key(), Value: g.next()}
		if other := g.key(); other != st.Key && g.rng.IntN(2) == 0 {
			st.Other = other
		}
		return g.of(session, st)
	}
	var steps []Step
	begin, end := Begin, Commit
	switch shape := g.rng.IntN(10); {
	case shape < 4:
		steps = g.any()
	case shape < 7:
		steps = g.pair()
	case shape < 9 && g.form == Mixed:
		steps = g.rangeRead()
	default:
		begin, steps = BeginRO, g.reads()
	}
	if begin == Begin && g.rng.IntN(10) == 0 {
		end = Discard
	}
	return g.of(session, append(append([]Step{{Verb: begin}}, steps...), Step{Verb: end})...)
}

func (g *generator) of(session int, steps ...Step) []Step {
	for i := range steps {
		steps[i].Session = session
	}
	return steps
}

func (g *generator) next() int64 {
	g.value++
	return g.value
}

// keys of pairs are p0/a and p0/b, p1/a, ..; so a range has the keys of a pair and those
// that only range transactions write.
const pairs = 3

func (g *generator) key() string {
	return fmt.Sprintf("p%d/%c", g.rng.IntN(pairs), 'a'+rune(g.rng.IntN(2)))
}

func (g *generator) write(key string) Step {
	if g.form == Updates {
		return Step{Verb: Update, Key: key, Value: g.next()}
	}
	return Step{Verb: Set, Key: key, Value: g.next()}
}

// any reads and writes any keys.
func (g *generator) any() (steps []Step) {
	for range 1 + g.rng.IntN(4) {
		switch k := g.key(); g.rng.IntN(3) {
		case 0:
			steps = append(steps, Step{Verb: Read, Key: k})
		case 1:
			steps = append(steps, Step{Verb: Update, Key: k, Value: g.next()})
		default:
			steps = append(steps, g.write(k))
		}
	}
	return steps
}

// pair reads both keys of a pair and writes one.
func (g *generator) pair() []Step {
	p := g.rng.IntN(pairs)
	a, b := fmt.Sprintf("p%d/a", p), fmt.Sprintf("p%d/b", p)
	if g.rng.IntN(2) == 0 {
		a, b = b, a
	}
	return []Step{{Verb: Read, Key: a}, {Verb: Read, Key: b}, g.write(a)}
}

// rangeRead reads a range and writes one key of it, and may read it again.
func (g *generator) rangeRead() []Step {
	p := g.rng.IntN(pairs)
	read := Step{Verb: Range, Key: fmt.Sprintf("p%d/", p)}
	steps := []Step{read, g.write(fmt.Sprintf("p%d/%c", p, 'a'+rune(g.rng.IntN(8))))}
	if g.rng.IntN(3) == 0 {
		steps = append(steps, read)
	}
	return steps
}

// reads reads some keys.
func (g *generator) reads() (steps []Step) {
	for range 1 + g.rng.IntN(4) {
		if g.form == Mixed && g.rng.IntN(3) == 0 {
			steps = append(steps, Step{Verb: Range, Key: fmt.Sprintf("p%d/", g.rng.IntN(pairs))})
		} else {
			steps = append(steps, Step{Verb: Read, Key: g.key()})
		}
	}
	return steps
}

// interleave draws the order of the steps of all sessions.
func (g *generator) interleave() {
	todo := slices.DeleteFunc(g.todo, func(steps []Step) bool { return len(steps) == 0 })
	for len(todo) > 0 {
		s := g.rng.IntN(len(todo))
		g.script.Steps = append(g.script.Steps, todo[s][0])
		if todo[s] = todo[s][1:]; len(todo[s]) == 0 {
			todo = slices.Delete(todo, s, s+1)
		}
	}
}
