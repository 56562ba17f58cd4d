package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"lsmlab/harness/result"
)

// fact is one line of the environment.
type fact struct{ Name, Value string }

func (r *run) environment() []fact {
	e := r.Env
	yes := func(b bool, a, other string) string {
		if b {
			return a
		}
		return other
	}
	facts := []fact{
		{"Command", e.Command},
		{"Commit", strings.TrimSpace(e.Commit + yes(e.Dirty, " with changes that were not committed", ""))},
		{"Module version", e.Module},
		{"Go", e.GoVersion},
		{"Started", e.Started.UTC().Format(time.RFC3339)},
		{"CPU", e.CPU},
		{"Cores", fmt.Sprintf("%d, GOMAXPROCS %d", e.Cores, e.GOMAXPROCS)},
		{"CPU governor", e.Governor},
		{"Virtual machine", yes(e.Hypervisor, "yes", "no")},
		{"Memory", unitBytes.format(float64(e.MemoryBytes))},
		{"Swap", unitBytes.format(float64(e.SwapBytes))},
		{"Load at the start", fmt.Sprintf("%.2f", e.Load1)},
		{"System", strings.TrimSpace(fmt.Sprintf("%s %s %s", e.OS, e.Arch, e.Kernel))},
		{"File system", strings.TrimSpace(fmt.Sprintf("%s on %s, %s", e.FileSystem, orUnknown(e.Device, "device"), e.MountOptions))},
		{"Harness", fmt.Sprintf("%.0f ns an operation on an engine that does nothing, %.0f ns of them to measure, %.0f ns a clock reading",
			e.HarnessNSPerOp, e.MeasureNSPerOp, e.ClockNS)},
		{"Work", r.work()},
	}
	for _, k := range sortedKeys(e.Methods) {
		facts = append(facts, fact{"How " + k + " is counted", e.Methods[k]})
	}
	return slices.DeleteFunc(facts, func(f fact) bool { return f.Value == "" })
}

func (r *run) work() string {
	p := r.Plan
	parts := []string{thousands(fmt.Sprint(p.Keys)) + " keys", fmt.Sprintf("seed %d", p.Seed), counted(p.Rounds, "round")}
	size := func(what string, v int) {
		switch {
		case v > 0:
			parts = append(parts, fmt.Sprintf("%s of %d B", what, v))
		case v < 0:
			parts = append(parts, "empty "+what)
		}
	}
	size("keys", p.KeySize)
	size("values", p.ValueSize)
	if p.Ops > 0 {
		parts = append(parts, thousands(fmt.Sprint(p.Ops))+" operations a cell")
	}
	if p.Duration > 0 {
		parts = append(parts, fmt.Sprintf("at most %s a cell", time.Duration(p.Duration)))
	}
	if p.CacheSize > 0 {
		parts = append(parts, "cache "+unitBytes.format(float64(p.CacheSize)))
	}
	if p.MemTableSize > 0 {
		parts = append(parts, "MemTable "+unitBytes.format(float64(p.MemTableSize)))
	}
	return strings.Join(parts, ", ")
}

// enginesTable says what ran, with the effective options of every rung.
func (r *run) enginesTable() table {
	t := table{ID: "engines", Caption: "Engines, versions and effective options", Head: []column{
		{"engine", false}, {"version", false}, {"durability", false}, {"options that give it", false}, {"at every rung", false}, {"about", false},
	}}
	for _, e := range r.Env.Engines {
		var settings []string
		for _, k := range sortedKeys(e.Settings) {
			settings = append(settings, k+"="+e.Settings[k])
		}
		rungs := slices.Clone(r.Plan.Durabilities)
		for _, d := range rungs {
			options, ok := e.Options[d]
			if !ok {
				options = "refused: the engine does not give it"
			}
			t.Rows = append(t.Rows, []cell{
				headCell(e.Name), textCell(cmp.Or(e.Version, "of this build")), textCell(d), textCell(options), textCell(strings.Join(settings, ", ")), textCell(e.Summary),
			})
		}
	}
	return t
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// warningKind is warnings of cells that begin alike.
type warningKind struct {
	Kind    string
	Cells   int
	Example string
	List    []string
}

// cellWarnings groups the warnings of all cells by what stands before the colon.
func (r *run) cellWarnings() []warningKind {
	var kinds []warningKind
	for _, c := range r.Cells {
		texts := slices.Clone(c.Warnings)
		if c.Status == result.StatusFailed {
			texts = append(texts, "failed: "+c.Error)
		}
		for _, text := range texts {
			kind, _, _ := strings.Cut(text, ":")
			i := slices.IndexFunc(kinds, func(k warningKind) bool { return k.Kind == kind })
			if i < 0 {
				i = len(kinds)
				kinds = append(kinds, warningKind{Kind: kind, Example: text})
			}
			kinds[i].Cells++
			kinds[i].List = append(kinds[i].List, c.ID+": "+text)
		}
	}
	slices.SortStableFunc(kinds, func(a, b warningKind) int { return cmp.Compare(b.Cells, a.Cells) })
	return kinds
}
