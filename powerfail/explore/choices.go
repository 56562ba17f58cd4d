package explore

import "slices"

// Choice is one decision: Got, below N. 0 is what was durable, N-1 the newest.
type Choice struct {
	N   int `json:"n"`
	Got int `json:"got"`
}

// Choices is the sequence of choices that makes a crash state out of a history.
type Choices []Choice

// Record returns a function that chooses as choose does and appends each choice to c.
func Record[S any](choose func(S, int) int, c *Choices) func(S, int) int {
	return func(site S, n int) int {
		got := choose(site, n)
		*c = append(*c, Choice{n, got})
		return got
	}
}

// Follow returns a chooser that gives the answers of c again. Behind its end, and
// where there are fewer choices than there were, it chooses the newest.
func Follow[S any](c Choices) func(S, int) int {
	at := 0
	return func(_ S, n int) int {
		at++
		if at > len(c) {
			return n - 1
		}
		return min(c[at-1].Got, n-1)
	}
}

// Durable chooses what was durable, everywhere.
func Durable[S any](S, int) int { return 0 }

// Newest chooses the newest, everywhere.
func Newest[S any](_ S, n int) int { return n - 1 }

// States returns how many states a history leaves whose choices are those of c,
// or limit+1 if there are more than limit. Choices may open others, so it is a
// guess from one state.
func (c Choices) States(limit int) int {
	n := 1
	for _, one := range c {
		if n *= one.N; n > limit {
			return limit + 1
		}
	}
	return n
}

// Next turns c, choices that were recorded, into the beginning of the next state's in
// the order of an odometer, to be given to [Odometer]. It returns false after the last
// state.
func (c *Choices) Next() bool {
	for len(*c) > 0 {
		last := &(*c)[len(*c)-1]
		if last.Got+1 < last.N {
			last.Got++
			return true
		}
		*c = (*c)[:len(*c)-1]
	}
	return false
}

// Odometer returns a chooser that follows c, and behind the end of c chooses what was durable.
// Recording its choices and turning them by Next, again and again, visits every state.
func Odometer[S any](c Choices) func(S, int) int {
	at := 0
	return func(_ S, n int) int {
		at++
		if at > len(c) {
			return 0
		}
		return min(c[at-1].Got, n-1)
	}
}

// Shrink restores what a state lost, choice by choice, as long as broken says that the state
// still shows the violation. All losses that remain are necessary. It calls broken at most
// a few times for each choice.
func Shrink(c Choices, broken func(Choices) bool) Choices {
	c = slices.Clone(c)
	for size := len(c); size >= 1; size /= 2 {
		for from := 0; from < len(c); from += size {
			tried := slices.Clone(c)
			lost := false
			for i := from; i < min(from+size, len(c)); i++ {
				lost = lost || tried[i].Got < tried[i].N-1
				tried[i].Got = tried[i].N - 1
			}
			if lost && broken(tried) {
				c = tried
			}
		}
	}
	return c
}
