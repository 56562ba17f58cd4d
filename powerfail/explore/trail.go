package explore

import "slices"

// Choice is one decision: Got, below N. 0 is what was durable, N-1 the newest.
type Choice struct {
	N   int `json:"n"`
	Got int `json:"got"`
}

// Trail is the sequence of choices that makes a crash state out of a history.
type Trail []Choice

// Record returns choose, with all its answers appended to t.
func Record[S any](choose func(S, int) int, t *Trail) func(S, int) int {
	return func(site S, n int) int {
		got := choose(site, n)
		*t = append(*t, Choice{n, got})
		return got
	}
}

// Follow returns a chooser that gives the answers of t again. Behind its end, and
// where there are fewer choices than there were, it chooses the newest.
func Follow[S any](t Trail) func(S, int) int {
	at := 0
	return func(_ S, n int) int {
		at++
		if at > len(t) {
			return n - 1
		}
		return min(t[at-1].Got, n-1)
	}
}

// Durable chooses what was durable, everywhere.
func Durable[S any](S, int) int { return 0 }

// Newest chooses the newest, everywhere.
func Newest[S any](_ S, n int) int { return n - 1 }

// States returns how many states a history leaves whose choices are those of t,
// or limit+1 if there are more than limit. Choices may open others, so it is a
// guess from one state.
func (t Trail) States(limit int) int {
	n := 1
	for _, c := range t {
		if n *= c.N; n > limit {
			return limit + 1
		}
	}
	return n
}

// Next turns t, a recorded trail, into the beginning of the next state's in the
// order of an odometer, to be given to [Odometer]. It returns false after the
// last one.
func (t *Trail) Next() bool {
	for len(*t) > 0 {
		last := &(*t)[len(*t)-1]
		if last.Got+1 < last.N {
			last.Got++
			return true
		}
		*t = (*t)[:len(*t)-1]
	}
	return false
}

// Odometer returns a chooser that follows t and chooses the durable behind its
// end. Recorded and turned by Next again and again, it visits every state.
func Odometer[S any](t Trail) func(S, int) int {
	at := 0
	return func(_ S, n int) int {
		at++
		if at > len(t) {
			return 0
		}
		return min(t[at-1].Got, n-1)
	}
}

// Shrink gives back what a state lost, choice by choice, as long as broken says
// that the state still shows what it did. What stays is the least that must be
// lost. It calls broken at most a few times for each choice.
func Shrink(t Trail, broken func(Trail) bool) Trail {
	t = slices.Clone(t)
	for size := len(t); size >= 1; size /= 2 {
		for from := 0; from < len(t); from += size {
			tried := slices.Clone(t)
			lost := false
			for i := from; i < min(from+size, len(t)); i++ {
				lost = lost || tried[i].Got < tried[i].N-1
				tried[i].Got = tried[i].N - 1
			}
			if lost && broken(tried) {
				t = tried
			}
		}
	}
	return t
}
