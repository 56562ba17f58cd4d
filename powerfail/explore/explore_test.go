package explore

import (
	"fmt"
	"reflect"
	"testing"

	"lsmlab/engines/testseed"
)

// state asks for three choices, of which the last exists only if the first is 1,
// and shows them.
func state(choose func(string, int) int) string {
	a, b := choose("a", 2), choose("b", 3)
	if a == 1 {
		return fmt.Sprint(a, b, choose("c", 2))
	}
	return fmt.Sprint(a, b)
}

// The odometer visits each state once, also where a choice opens another.
func TestOdometerVisitsAll(t *testing.T) {
	seen := map[string]int{}
	var choices Choices
	for more := true; more; more = choices.Next() {
		next := Odometer[string](choices)
		choices = nil
		seen[state(Record(next, &choices))]++
	}
	if len(seen) != 3+6 {
		t.Errorf("visited %v, want 9 states", seen)
	}
	for s, n := range seen {
		if n != 1 {
			t.Errorf("state %s was visited %d times", s, n)
		}
	}
}

func TestFollow(t *testing.T) {
	rng := testseed.Rand(t)
	for range 50 {
		var choices Choices
		first := state(Record(func(_ string, n int) int { return rng.IntN(n) }, &choices))
		if again := state(Follow[string](choices)); again != first {
			t.Fatalf("%s, followed %s", first, again)
		}
	}
	if got := state(Follow[string](Choices{{2, 1}})); got != "1 2 1" {
		t.Errorf("behind their end choices give %s, want the newest", got)
	}
}

// Shrinking keeps just what is needed, and keeps the state broken.
func TestShrink(t *testing.T) {
	choices := Choices{}
	for range 20 {
		choices = append(choices, Choice{3, 0})
	}
	calls := 0
	got := Shrink(choices, func(t Choices) bool { calls++; return t[3].Got < 2 && t[17].Got < 2 })
	for i, c := range got {
		if lost := c.Got < 2; lost != (i == 3 || i == 17) {
			t.Errorf("choice %d is %d", i, c.Got)
		}
	}
	if calls > 60 {
		t.Errorf("%d calls for 20 choices", calls)
	}
}

func TestCountsAdd(t *testing.T) {
	a := Counts{Programs: 1, Explored: 5, Distinct: 3, Coverage: map[string]int64{"write wal": 3}, Depths: []int64{3}}
	b := Counts{
		Programs: 2, Explored: 7, Distinct: 4, Violations: map[string]int64{"lost": 1},
		Coverage: map[string]int64{"write wal": 1, "sync table": 3}, Depths: []int64{2, 2},
		Losses: map[string]int64{"write wal torn": 2}, Refused: 1, Unconfirmed: 2,
	}
	a.Add(&b)
	want := Counts{
		3, 12, 7,
		map[string]int64{"lost": 1},
		map[string]int64{"write wal": 4, "sync table": 3},
		map[string]int64{"write wal torn": 2},
		1, 2,
		[]int64{5, 2},
	}
	if !reflect.DeepEqual(a, want) {
		t.Errorf("%+v, want %+v", a, want)
	}
}

func TestProfiles(t *testing.T) {
	for i, p := range Profiles() {
		got, err := ParseProfile(string(p))
		if err != nil || got != p || p.About() == "" || len(p.Weaker()) != i {
			t.Errorf("%s: %v, %v, %d weaker", p, got, err, len(p.Weaker()))
		}
	}
	if _, err := ParseProfile("fat"); err == nil {
		t.Error("an unknown profile is accepted")
	}
}

// Files of an unknown program share a role if their names differ by numbers alone.
func TestPatterns(t *testing.T) {
	role := Patterns()
	for name, want := range map[string]string{"log-001": "log-N", "log-2": "log-N", "d1/a b": "dN/a_b"} {
		if got := role(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	for c := 'a'; c <= 'z'; c++ {
		role(string(c))
	}
	if got := role("A"); got != "other" {
		t.Errorf("after many, A is %s", got)
	}
}
