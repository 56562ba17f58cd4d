package program

import (
	"slices"
	"testing"

	"lsmlab/engines/kv"
)

// holds says whether the program has a batch that sets a and b before a flush.
func holds(p *Program) bool {
	batch := slices.IndexFunc(p.Steps, func(s Step) bool {
		sets := func(key string) bool { return slices.ContainsFunc(s.Ops, func(o Op) bool { return o.Key == key }) }
		return sets("a") && sets("b")
	})
	return batch >= 0 && slices.ContainsFunc(p.Steps[batch:], func(s Step) bool { return s.Kind == Flush })
}

// Only the steps and the operations that it takes stay, and the program that is
// shrunk stays as it was.
func TestShrink(t *testing.T) {
	p := Generate(1, Shape{Durability: kv.Synced})
	batch := Step{Durability: kv.Synced, Ops: []Op{{Key: "c", Size: 1}, {Key: "a", Size: 2}, {Key: "d", Size: 3}, {Key: "b", Size: 4}, {Key: "e", Delete: true}}}
	p.Steps = slices.Concat(p.Steps, []Step{batch, {Kind: Reopen}, {Kind: Flush}, {Kind: Compact}})
	before := p.String()
	tries := 0
	got := p.Shrink(func(q *Program) bool { tries++; return holds(q) })
	const want = "lsmlab program 1\nopen synced\nw0 synced set a 2 set b 4\nflush\n"
	if got.String() != want {
		t.Errorf("shrunk to\n%swant\n%s", got, want)
	}
	if p.String() != before {
		t.Error("the program itself was changed")
	}
	if tries > 3*len(p.Steps) {
		t.Errorf("%d tries for %d steps", tries, len(p.Steps))
	}
	if got = p.Shrink(func(*Program) bool { return false }); got != p {
		t.Error("shrunk though nothing less will do")
	}
}
