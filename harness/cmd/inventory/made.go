package inventory

import (
	"fmt"
	"io"

	"lsmlab/engines"
)

// Made is a kind of engine that is made of engines.
type Made struct {
	Pattern string `json:"pattern"` // of its names: "raftN[+lease]:ENGINE"
	Numbers string `json:"numbers"` // that N may be: "1 to 9"
	About   string `json:"about"`
	Option  string `json:"option,omitempty"` // without its "+"
	With    string `json:"with,omitempty"`   // what Option changes
	Example string `json:"example"`
}

func made() (all []Made) {
	for _, m := range engines.AllMade() {
		all = append(all, Made{
			Pattern: m.Pattern(), Numbers: fmt.Sprintf("1 to %d", m.Most), About: m.About, Option: m.Option, With: m.With,
			Example: m.Kind + "3:lsm-bptree",
		})
	}
	return all
}

func printMade(w io.Writer, all []Made) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(w, "MADE OF ENGINES\tN IS\tEXAMPLE\tABOUT")
	for _, m := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", m.Pattern, m.Numbers, m.Example, m.About)
		if m.Option != "" {
			fmt.Fprintf(w, "\t+%s\t\t%s\n", m.Option, m.With)
		}
	}
	fmt.Fprintln(w)
}
