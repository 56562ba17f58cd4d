package axes

import (
	"fmt"
	"slices"
	"strings"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
	"lsmlab/engines/nearest"
)

// Choice has one value of each axis. The zero value has all defaults.
type Choice struct{ picks []pick } // the values that are not defaults, in the order of the table

// pick is a value of the axis with that index in the table.
type pick struct {
	axis  int
	value Value
}

// Parse reads options: the part behind the first "+" in the name of an engine.
func Parse(options string) (Choice, error) {
	chosen := map[int]Value{}
	for _, option := range strings.Split(options, "+") {
		i, v, err := parseOption(option)
		if err != nil {
			return Choice{}, err
		}
		if other, twice := chosen[i]; twice {
			return Choice{}, fmt.Errorf("option %s is given twice: %s and %s", table[i].Name, other.Name, v.Name)
		}
		chosen[i] = v
	}
	var c Choice
	for i := range table {
		if v, ok := chosen[i]; ok && v.Name != table[i].Default().Name {
			c.picks = append(c.picks, pick{i, v})
		}
	}
	for _, p := range c.picks {
		if need := p.value.needs; need != "" && !c.has(need) {
			return Choice{}, fmt.Errorf("option %s makes sense with %s alone", table[p.axis].Option(p.value), need)
		}
	}
	for _, x := range conflicts {
		if c.has(x.a) && c.has(x.b) {
			return Choice{}, fmt.Errorf("options %s and %s do not go together: %s", x.a, x.b, x.why)
		}
	}
	return c, nil
}

// parseOption returns the axis of an option and its value.
func parseOption(option string) (axis int, v Value, err error) {
	name, word, named := strings.Cut(option, "=")
	if !named {
		for i := range table {
			if j := valueIndex(&table[i], option); j >= 0 && unique(option) {
				return i, table[i].Values[j], nil
			}
		}
		if i := axisIndex(option); i >= 0 {
			return 0, v, fmt.Errorf("option %s needs a value: %s=%s", option, option, strings.Join(table[i].takes(), ", "))
		}
		if several := ofSeveral(option); len(several) > 1 {
			return 0, v, fmt.Errorf("option %s is a value of several: say which of %s", option, strings.Join(several, ", "))
		}
		return 0, v, nearest.Unknown("option", option, words())
	}
	i := axisIndex(name)
	if i < 0 {
		return 0, v, nearest.Unknown("option", name, names())
	}
	a := &table[i]
	if j := valueIndex(a, word); j >= 0 {
		return i, a.Values[j], nil
	}
	if v, ok := a.number(word); ok {
		return i, v, nil
	}
	return 0, v, nearest.Unknown("value of option "+name, word, a.takes())
}

// ofSeveral returns all options whose value has this name.
func ofSeveral(value string) (options []string) {
	for i := range table {
		if valueIndex(&table[i], value) >= 0 {
			options = append(options, table[i].Name+"="+value)
		}
	}
	return options
}

func axisIndex(name string) int {
	return slices.IndexFunc(table, func(a Axis) bool { return a.Name == name })
}

func valueIndex(a *Axis, name string) int {
	return slices.IndexFunc(a.Values, func(v Value) bool { return v.Name == name })
}

// takes returns the values of an axis in words. Each kind of number is one range.
func (a *Axis) takes() (values []string) {
	for _, v := range a.Values {
		if !a.isNumber(v.Name) {
			values = append(values, v.Name)
		}
	}
	for _, n := range a.Numbers {
		values = append(values, n.Prefix+n.Takes())
	}
	return values
}

func names() (all []string) {
	for i := range table {
		all = append(all, table[i].Name)
	}
	return all
}

// words returns all that may be an option without "=": values with unique names, and
// axes.
func words() (all []string) {
	for i := range table {
		for _, v := range table[i].Values {
			if unique(v.Name) {
				all = append(all, v.Name)
			}
		}
	}
	for _, name := range names() {
		all = append(all, name+"=")
	}
	return all
}

// String returns the options in canonical form, each behind a "+". It is "" if all are
// defaults.
func (c Choice) String() string {
	var b strings.Builder
	for _, p := range c.picks {
		b.WriteByte('+')
		b.WriteString(table[p.axis].Option(p.value))
	}
	return b.String()
}

// Option returns the form that a value has in the name of an engine, without the "+".
func (a *Axis) Option(v Value) string {
	if unique(v.Name) {
		return v.Name
	}
	return a.Name + "=" + v.Name
}

// About describes the choice for people. It is "" if all values are defaults.
func (c Choice) About() string {
	var parts []string
	for _, p := range c.picks {
		parts = append(parts, table[p.axis].Name+": "+p.value.About)
	}
	return strings.Join(parts, "; ")
}

// Apply sets the chosen values in o. small says that o has the small sizes of
// [lsm.Options.Small]. Then the size of the MemTable stays small, in proportion: the
// chosen size over the usual default, times the size in o.
func (c Choice) Apply(o *lsm.Options, small bool) {
	before := o.MemTableSize
	for _, p := range c.picks {
		p.value.set(o)
	}
	if usual := (lsm.Options{}).Effective().MemTableSize; small && o.MemTableSize != before {
		o.MemTableSize = max(1, int64(float64(before)*float64(o.MemTableSize)/float64(usual)))
	}
}

// Gives says whether an engine with this choice gives a durability level.
func (c Choice) Gives(d kv.Durability) bool {
	return !slices.ContainsFunc(c.picks, func(p pick) bool { return !p.value.Gives(d) })
}

// Drops says whether the engine drops acknowledged writes by design.
func (c Choice) Drops() bool {
	return slices.ContainsFunc(c.picks, func(p pick) bool { return table[p.axis].Drops })
}

func (c Choice) has(value string) bool {
	return slices.ContainsFunc(c.picks, func(p pick) bool { return p.value.Name == value })
}
