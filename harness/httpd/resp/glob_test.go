package resp

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"
)

// TestMatches: the cases of Redis's own tests of KEYS, and those by which it was mended.
func TestMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"**", "abc", true},
		{"foo*", "foobar", true},
		{"foo*", "fobar", false},
		{"*bar", "foobarbar", true},
		{"*a*b", "xaxbxab", true},
		{"h?llo", "hello", true},
		{"h?llo", "hllo", false},
		{"h[ae]llo", "hallo", true},
		{"h[ae]llo", "hillo", false},
		{"h[^e]llo", "hello", false},
		{"h[^e]llo", "hallo", true},
		{"h[a-b]llo", "hbllo", true},
		{"h[b-a]llo", "hallo", true},
		{"[a-", "-", true},
		{`[\]]`, "]", true},
		{`a\*`, "a*", true},
		{`a\*`, "ab", false},
		{`a\`, `a\`, true},
		{"[", "a", false},
		{"[^", "a", true},
		{"?", "\xff", true}, // bytes, no letters
		{"a*\x00", "ab\x00", true},
	} {
		if got := matches([]byte(c.pattern), []byte(c.text)); got != c.want {
			t.Errorf("%q of %q: %v", c.pattern, c.text, got)
		}
	}
}

// TestMatchesModel compares with the definition, which tries every star at every
// place, over short random texts of few letters.
func TestMatchesModel(t *testing.T) {
	seed := time.Now().UnixNano()
	r := rand.New(rand.NewPCG(uint64(seed), 0))
	word := func(letters string) []byte {
		b := make([]byte, r.IntN(8))
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
		}
		return b
	}
	var naive func(p, t []byte) bool
	naive = func(p, t []byte) bool {
		switch {
		case len(p) == 0:
			return len(t) == 0
		case p[0] == '*':
			return naive(p[1:], t) || len(t) > 0 && naive(p, t[1:])
		case len(t) == 0:
			return false
		}
		size, ok := matchesOne(p, t[0])
		return ok && naive(p[size:], t[1:])
	}
	for range 200_000 {
		pattern, text := word(`ab*?[]-^\`), word("ab")
		if got, want := matches(pattern, text), naive(pattern, text); got != want {
			t.Fatalf("%q of %q: %v, want %v (seed %d)", pattern, text, got, want, seed)
		}
	}
}

// TestMatchesInTime: many stars over the largest key end at once; a matcher that
// tries each again takes longer than anybody waits.
func TestMatchesInTime(t *testing.T) {
	text := bytes.Repeat([]byte("a"), 64<<10)
	if matches(append(bytes.Repeat([]byte("*a"), 10), "b*"...), text) {
		t.Error("matches")
	}
}
