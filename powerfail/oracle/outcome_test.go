package oracle

import (
	"slices"
	"testing"
)

func TestOutcomes(t *testing.T) {
	// The third write deletes what the first wrote: nothing tells it from neither.
	const no, in, out, torn, unknown = OutcomeNotBegun, OutcomeThere, OutcomeMissing, OutcomeTorn, OutcomeUnknown
	for _, test := range []struct {
		name    string
		cut     Cut
		content string
		want    []Outcome
	}{
		{"all but the last two", Cut{100, PowerOff}, "b=4 base=0 c=2 d=5 e=6 f=6 old=4", []Outcome{in, in, unknown, in, in, in, out, out}},
		{"before the end", Cut{45, PowerOff}, "b=4 base=0 c=2 old=4", []Outcome{in, in, unknown, in, no, no, no, no}},
		{"half a batch", Cut{65, PowerOff}, "b=4 base=0 c=2 d=5 e=6 old=4", []Outcome{in, in, unknown, in, in, torn, no, no}},
		{"a hole", Cut{65, PowerOff}, "b=4 base=0 c=2 e=6 f=6 old=4", []Outcome{in, in, unknown, in, out, in, no, no}},
		{"what nobody wrote says nothing", Cut{35, PowerOff}, "b=9 base=0 old=0 x=1", []Outcome{unknown, out, unknown, no, no, no, no, no}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := index(t, one()).outcomes(test.cut, entries(test.content)); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
