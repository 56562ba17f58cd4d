package campaign

import (
	"fmt"
	"testing"
)

func TestGroup(t *testing.T) {
	got := fmt.Sprint(Group([]string{"b1", "a1", "b2", "c1", "a2"}, func(s string) byte { return s[0] }))
	if want := "[[b1 b2] [a1 a2] [c1]]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
