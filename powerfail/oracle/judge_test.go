package oracle

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/testseed"
)

const (
	d0 = kv.Volatile
	d1 = kv.Buffered
	d2 = kv.Synced
)

// one is a history of one writer. Positions rise by ten a write; each is
// acknowledged five after it began, the last one never.
func one() *History {
	return &History{Base: map[string]string{"base": "0", "old": "0"}, Writes: []Write{
		write(1, "a=1 b=1", d2, 10, 15),
		write(1, "c=2", d2, 20, 25),
		write(1, "-a", d2, 30, 35),
		write(1, "b=4 old=4", d2, 40, 45), // synced up to here
		write(1, "d=5", d1, 50, 55),
		write(1, "e=6 f=6", d1, 60, 65), // handed over up to here
		write(1, "d=7", d0, 70, 75),
		write(1, "-c g=8", d0, 80, Never),
	}}
}

func TestJudgeOneWriter(t *testing.T) {
	const end = 100
	full := "b=4 base=0 c=2 d=5 e=6 f=6 old=4"
	for _, test := range []struct {
		name    string
		cut     Cut
		content string
		found   int
		broken  Rule
	}{
		{"all, with what never was acknowledged", Cut{end, PowerOff}, "b=4 base=0 d=7 e=6 f=6 g=8 old=4", 8, ""},
		{"all that was acknowledged", Cut{end, PowerOff}, "b=4 base=0 c=2 d=7 e=6 f=6 old=4", 7, ""},
		{"what survives a kill", Cut{end, Kill}, full, 6, ""},
		{"what survives a power failure", Cut{end, PowerOff}, "b=4 base=0 c=2 old=4", 4, ""},
		{"a kill keeps what was handed over", Cut{end, Kill}, "b=4 base=0 c=2 d=5 old=4", 0, RuleLost},
		{"the beginning", Cut{0, PowerOff}, "base=0 old=0", 0, ""},
		{"in a write", Cut{12, PowerOff}, "a=1 b=1 base=0 old=0", 1, ""},
		{"before its end", Cut{12, PowerOff}, "base=0 old=0", 0, ""},
		{"after its end", Cut{15, PowerOff}, "base=0 old=0", 0, RuleLost},
		{"after a delete", Cut{35, PowerOff}, "b=1 base=0 c=2 old=0", 3, ""},

		{"a key nobody wrote", Cut{end, PowerOff}, "b=4 base=0 c=2 old=4 x=1", 0, RuleInvented},
		{"a value nobody wrote", Cut{end, PowerOff}, "b=9 base=0 c=2 old=4", 0, RuleInvented},
		{"a value of another key", Cut{end, PowerOff}, "b=4 base=4 c=2 old=4", 0, RuleInvented},
		{"a value of the future", Cut{45, PowerOff}, "b=4 base=0 c=2 d=5 old=4", 0, RuleInvented},
		{"half a batch", Cut{end, PowerOff}, "b=4 base=0 c=2 d=5 e=6 old=4", 0, RuleTorn},
		{"the other half", Cut{end, PowerOff}, "b=4 base=0 c=2 d=5 f=6 old=4", 0, RuleTorn},
		{"half a synced batch", Cut{end, PowerOff}, "b=4 base=0 c=2 old=0", 0, RuleTorn},
		{"half a batch with a delete", Cut{end, PowerOff}, "b=4 base=0 d=7 e=6 f=6 old=4", 0, RuleTorn},
		{"a delete undone", Cut{end, PowerOff}, "a=1 b=4 base=0 c=2 old=4", 0, RuleResurrect},
		{"an old state", Cut{end, PowerOff}, "a=1 b=1 base=0 c=2 old=0", 0, RuleLost},
		{"nothing at all", Cut{end, PowerOff}, "", 0, RuleLost},
		{"a synced write", Cut{75, PowerOff}, "b=4 base=0 old=4", 0, RuleLost},
		{"the base", Cut{end, PowerOff}, "b=4 c=2 old=4", 0, RuleLost},
		{"a hole", Cut{end, PowerOff}, "b=4 base=0 c=2 e=6 f=6 old=4", 0, RuleHole},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, broken := index(t, one()).Judge(test.cut, entries(test.content))
			check(t, found, broken, []int{test.found}, test.broken)
		})
	}
}

func check(t *testing.T, found []int, broken *Violation, want []int, rule Rule) {
	t.Helper()
	switch {
	case broken != nil && broken.Rule != rule:
		t.Fatalf("%v; want %q", broken, rule)
	case broken == nil && rule != "":
		t.Fatalf("found %v; want %q broken", found, rule)
	case broken == nil && !slices.Equal(found, want):
		t.Fatalf("found %v, want %v", found, want)
	case broken != nil:
		t.Log(broken)
	}
}

// TestJudgeTwoWriters: writer 2's writes begin after some of writer 1's were
// acknowledged, so the former cannot be there without the latter.
func TestJudgeTwoWriters(t *testing.T) {
	h := &History{Writes: []Write{
		write(1, "a=1", d1, 10, 20),
		write(2, "x=1", d1, 15, 30), // overlaps with a=1
		write(1, "a=2", d1, 40, 50),
		write(2, "x=2", d1, 60, 70), // after a=2
		write(1, "a=3", d1, 65, 90), // overlaps with x=2
		write(2, "-x", d1, 95, 99),
	}}
	for _, test := range []struct {
		name    string
		content string
		found   []int
		broken  Rule
	}{
		{"nothing", "", []int{0, 0}, ""},
		{"overlapping, one", "a=1", []int{1, 0}, ""},
		{"overlapping, the other", "x=1", []int{0, 1}, ""},
		{"both", "a=1 x=1", []int{1, 1}, ""},
		{"a second one", "a=2 x=1", []int{2, 1}, ""},
		{"a second one without what came before", "a=2", nil, RuleHole},
		{"a later one without what came before", "a=1 x=2", nil, RuleHole},
		{"overlapping again", "a=2 x=2", []int{2, 2}, ""},
		{"overlapping, other order", "a=3 x=1", []int{3, 1}, ""},
		// x is absent after none of writer 2's writes and after all three: the
		// longer does not go with a=2, the shorter does not either.
		{"absent early or late, neither fits", "a=2", nil, RuleHole},
		{"absent late", "a=3", []int{3, 3}, ""},
		{"absent early", "a=1", []int{1, 0}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, broken := index(t, h).Judge(Cut{1000, PowerOff}, entries(test.content))
			check(t, found, broken, test.found, test.broken)
		})
	}
}

// TestJudgeModel compares with the definition, tried out: every choice of
// prefixes, applied. Histories are random, of two writers with few keys, and the
// content is that of a random choice with, now and then, one key changed.
func TestJudgeModel(t *testing.T) {
	rng := testseed.Rand(t)
	sound := 0
	const rounds = 20_000
	for range rounds {
		h := randomHistory(rng)
		x := index(t, h)
		cut := Cut{rng.Int64N(h.Writes[len(h.Writes)-1].Begin + 10), Kind(rng.IntN(2))}
		content := maps.Clone(h.Base)
		for i := range h.Writes[:rng.IntN(len(h.Writes)+1)] {
			applyTo(content, &h.Writes[i])
		}
		if rng.IntN(3) == 0 {
			delete(content, string(rune('a'+rng.IntN(6))))
		}
		var found []Entry
		for _, key := range slices.Sorted(maps.Keys(content)) {
			found = append(found, Entry{[]byte(key), []byte(content[key])})
		}
		want := allowedByDefinition(h, cut, content)
		got, broken := x.Judge(cut, found)
		if (broken == nil) != (want != nil) || broken == nil && !slices.Contains(want, [2]int{got[0], sum(got[1:])}) {
			t.Fatalf("history %+v\ncut %v\ncontent %v\ngot %v, %v\nwant one of %v", h, cut, content, got, broken, want)
		}
		if broken == nil {
			sound++
		}
	}
	if sound < rounds/10 || sound > rounds*9/10 {
		t.Errorf("%d of %d are sound: the test compares little", sound, rounds)
	}
}

func sum(n []int) (s int) {
	for _, v := range n {
		s += v
	}
	return s
}

// randomHistory has writers 0 and 1, the first of which begins first; keys a to c
// belong to writer 0, d to f to writer 1.
func randomHistory(rng *rand.Rand) *History {
	h := &History{Base: map[string]string{"a": "0", "f": "0"}}
	free := [2]int64{} // when each writer's last write ended
	for at, i := int64(0), 0; i < 3+rng.IntN(6); i++ {
		w := rng.IntN(2)
		if i == 0 {
			w = 0
		}
		at = max(at, free[w]) + 1 + rng.Int64N(3)
		var ops string
		for range 1 + rng.IntN(2) {
			key := string(rune('a' + 3*w + rng.IntN(3)))
			if rng.IntN(3) == 0 {
				ops += " -" + key
			} else {
				ops += " " + key + "=" + string(rune('A'+rng.IntN(3))) // values come again
			}
		}
		free[w] = at + 1 + rng.Int64N(8)
		h.Writes = append(h.Writes, write(w, ops, kv.Durability(rng.IntN(3)), at, free[w]))
	}
	return h
}

func applyTo(content map[string]string, w *Write) {
	for ops := kv.ReadOps(w.Batch); ops.Next(); {
		if ops.Kind == kv.OpSet {
			content[string(ops.Key)] = string(ops.Value)
		} else {
			delete(content, string(ops.Key))
		}
	}
}

// allowedByDefinition returns the counts of the two writers that explain content.
func allowedByDefinition(h *History, cut Cut, content map[string]string) (allowed [][2]int) {
	var lanes [2][]*Write
	for i := range h.Writes {
		if w := &h.Writes[i]; w.Begin <= cut.Position {
			lanes[w.Writer] = append(lanes[w.Writer], w)
		}
	}
	for a := range len(lanes[0]) + 1 {
		for b := range len(lanes[1]) + 1 {
			in := append(slices.Clone(lanes[0][:a]), lanes[1][:b]...)
			got := maps.Clone(h.Base)
			for _, w := range in { // writers own their keys: order between them is nothing
				applyTo(got, w)
			}
			if maps.Equal(got, content) && complete(in, lanes, cut) {
				allowed = append(allowed, [2]int{a, b})
			}
		}
	}
	return allowed
}

// complete says that in holds all that must survive, and all that came before
// anything in it.
func complete(in []*Write, lanes [2][]*Write, cut Cut) bool {
	for _, w := range slices.Concat(lanes[:]...) {
		due := w.Ack <= cut.Position && w.Durability >= cut.Kind.keeps()
		for _, other := range in {
			due = due || w.Ack < other.Begin
		}
		if due && !slices.Contains(in, w) {
			return false
		}
	}
	return true
}

func TestIndexRefuses(t *testing.T) {
	for name, h := range map[string]*History{
		"shared key":    {Writes: []Write{write(1, "a=1", d2, 1, 2), write(2, "a=2", d2, 3, 4)}},
		"damaged batch": {Writes: []Write{{Batch: []byte{9}}}},
	} {
		if _, err := h.Index(); err == nil {
			t.Errorf("%s: no error", name)
		} else {
			t.Log(err)
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	h := &History{}
	content := map[string]string{}
	for i := range int64(300) {
		w := write(0, string(rune('a'+i%50))+"="+string(rune('0'+i)), d2, i*2, i*2+1)
		h.Writes = append(h.Writes, w)
		applyTo(content, &w)
	}
	var found []Entry
	for _, key := range slices.Sorted(maps.Keys(content)) {
		found = append(found, Entry{[]byte(key), []byte(content[key])})
	}
	x := index(b, h)
	b.ReportAllocs()
	for b.Loop() {
		if _, broken := x.Judge(Cut{1000, PowerOff}, found); broken != nil {
			b.Fatal(broken)
		}
	}
}
