package inventory

import (
	"fmt"
	"io"
	"strings"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/axes"
)

// Option is one axis of the core as `lsmlab list options` shows it.
type Option struct {
	Name    string        `json:"name"`
	About   string        `json:"about"` // what it changes
	Stored  bool          `json:"stored"`
	Default string        `json:"default"`
	Numbers string        `json:"numbers,omitempty"` // that are values too: "1 to 100"
	Prefix  string        `json:"prefix,omitempty"`  // stands before each of them
	More    []NumberKind  `json:"more,omitempty"`    // of numbers that are values too
	Drops   bool          `json:"drops,omitempty"`   // values but the default let acknowledged writes go by design
	Values  []OptionValue `json:"values"`
}

// OptionValue is one value of an axis.
type OptionValue struct {
	Name string `json:"name"`
	// Write is what stands in an engine's name, without "+"; "" for the default.
	Write string `json:"write,omitempty"`
	About string `json:"about"`
	// Keeps are the durability levels that an engine with it gives.
	Keeps []string `json:"keeps"`
}

// NumberKind is a kind of number, beside the first, that an option takes.
type NumberKind struct {
	Prefix  string `json:"prefix"`
	Numbers string `json:"numbers"`
	About   string `json:"about"`
}

// options returns the table of package axes.
func options() (all []Option) {
	for _, a := range axes.Table() {
		o := Option{Name: a.Name, About: a.About, Stored: a.Stored, Default: a.Default().Name, Drops: a.Drops}
		for i, n := range a.Numbers {
			if i == 0 {
				o.Prefix, o.Numbers = n.Prefix, n.Takes()
			} else {
				o.More = append(o.More, NumberKind{Prefix: n.Prefix, Numbers: n.Takes(), About: n.About})
			}
		}
		for _, v := range a.Values {
			value := OptionValue{Name: v.Name, About: v.About, Keeps: []string{}}
			if v.Name != o.Default {
				value.Write = a.Option(v)
			}
			for d := kv.Volatile; d <= kv.Synced; d++ {
				if v.Gives(d) {
					value.Keeps = append(value.Keeps, d.String())
				}
			}
			o.Values = append(o.Values, value)
		}
		all = append(all, o)
	}
	return all
}

func printOptions(w io.Writer, all []Option) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(w, "OPTION\tIN A NAME\tDURABILITY\tABOUT")
	for _, o := range all {
		kind := "shapes what happens in memory and by which calls"
		if o.Stored {
			kind = "shapes new files"
		}
		if o.Drops {
			kind += "; no crash run takes it"
		}
		fmt.Fprintf(w, "%s\t\t\t%s; %s\n", o.Name, o.About, kind)
		for _, v := range o.Values {
			written := "+" + v.Write
			if v.Write == "" {
				written = "(default " + v.Name + ")"
			}
			fmt.Fprintf(w, "\t%s\t%s\t%s\n", written, strings.Join(v.Keeps, ","), v.About)
		}
		if o.Numbers != "" {
			fmt.Fprintf(w, "\t+%s=%sN\t%s\tN is %s\n", o.Name, o.Prefix, strings.Join(o.Values[0].Keeps, ","), o.Numbers)
		}
		for _, n := range o.More {
			fmt.Fprintf(w, "\t+%s=%sN\t%s\tN is %s; %s\n", o.Name, n.Prefix, strings.Join(o.Values[0].Keeps, ","), n.Numbers, n.About)
		}
	}
	fmt.Fprintln(w, "Options stand behind the name of an engine of this module, in any order: lsm-bptree+pread+zstd+block=32K")
	fmt.Fprintln(w)
}
