package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"lsmlab/reports/page"

	"lsmlab/harness/human"
	"lsmlab/harness/result"
	"lsmlab/reports/chart"
)

// environment lists what is known of where a run was made, and its work.
func environment(e result.Env, work string) []page.Fact {
	yes := func(b bool, a, other string) string {
		if b {
			return a
		}
		return other
	}
	facts := []page.Fact{
		{Name: "Command", Value: e.Command},
		{Name: "Commit", Value: strings.TrimSpace(e.Commit + yes(e.Dirty, " with changes that were not committed", ""))},
		{Name: "Module version", Value: e.Module},
		{Name: "Go", Value: e.GoVersion},
		{Name: "Started", Value: e.Started.UTC().Format(time.RFC3339)},
		{Name: "CPU", Value: e.CPU},
		{Name: "Cores", Value: fmt.Sprintf("%d, GOMAXPROCS %d", e.Cores, e.GOMAXPROCS)},
		{Name: "CPU governor", Value: e.Governor},
		{Name: "Virtual machine", Value: yes(e.Hypervisor, "yes", "no")},
		{Name: "Memory", Value: chart.UnitBytes.Format(float64(e.MemoryBytes))},
		{Name: "Swap", Value: chart.UnitBytes.Format(float64(e.SwapBytes))},
		{Name: "Load at the start", Value: fmt.Sprintf("%.2f", e.Load1)},
		{Name: "System", Value: strings.TrimSpace(fmt.Sprintf("%s %s %s", e.OS, e.Arch, e.Kernel))},
		{Name: "File system", Value: strings.TrimSpace(fmt.Sprintf("%s on %s, %s", e.FileSystem, orUnknown(e.Device, "device"), e.MountOptions))},
		{Name: "Harness", Value: yes(e.HarnessNSPerOp > 0, fmt.Sprintf("%.0f ns an operation on an engine that does nothing, %.0f ns of them to measure, %.0f ns a clock reading",
			e.HarnessNSPerOp, e.MeasureNSPerOp, e.ClockNS), "")},
		{Name: "Work", Value: work},
	}
	for _, k := range sortedKeys(e.Methods) {
		facts = append(facts, page.Fact{Name: "How " + k + " is counted", Value: e.Methods[k]})
	}
	return slices.DeleteFunc(facts, func(f page.Fact) bool { return f.Value == "" })
}

func (r *run) work() string {
	p := r.Plan
	parts := []string{human.Thousands(fmt.Sprint(p.Keys)) + " keys", fmt.Sprintf("seed %d", p.Seed), human.Count(p.Rounds, "round")}
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
		parts = append(parts, human.Thousands(fmt.Sprint(p.Ops))+" operations a cell")
	}
	if p.Duration > 0 {
		parts = append(parts, fmt.Sprintf("at most %s a cell", time.Duration(p.Duration)))
	}
	if p.CacheSize > 0 {
		parts = append(parts, "cache "+chart.UnitBytes.Format(float64(p.CacheSize)))
	}
	if p.MemTableSize > 0 {
		parts = append(parts, "MemTable "+chart.UnitBytes.Format(float64(p.MemTableSize)))
	}
	return strings.Join(parts, ", ")
}

// enginesTable says what ran, with the effective options of every rung.
func enginesTable(e result.Env, rungs []string) page.Table {
	t := page.Table{ID: "engines", Caption: "Engines, versions and effective options", Head: []page.Column{
		{Name: "engine"}, {Name: "version"}, {Name: "durability"}, {Name: "options that give it"}, {Name: "at every rung"}, {Name: "about"},
	}}
	for _, e := range e.Engines {
		var settings []string
		for _, k := range sortedKeys(e.Settings) {
			settings = append(settings, k+"="+e.Settings[k])
		}
		for _, d := range rungs {
			options, ok := e.Options[d]
			if !ok {
				options = "refused: the engine does not give it"
			}
			t.Rows = append(t.Rows, []page.Cell{
				page.Head(e.Name), page.Text(cmp.Or(e.Version, "of this build")), page.Text(d), page.Text(options), page.Text(strings.Join(settings, ", ")), page.Text(e.Summary),
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

// complaints are the texts of one cell.
type complaints struct {
	id    string
	texts []string
}

// complaintsOf returns the warnings of a cell, and why it failed if it did.
func complaintsOf(id, status, err string, warnings []string) complaints {
	c := complaints{id, slices.Clone(warnings)}
	if status == result.StatusFailed {
		c.texts = append(c.texts, "failed: "+err)
	}
	return c
}

// warningKinds groups the warnings of all cells by what stands before the colon.
func warningKinds(cells []complaints) []page.WarningKind {
	var kinds []page.WarningKind
	for _, c := range cells {
		for _, text := range c.texts {
			kind, _, _ := strings.Cut(text, ":")
			i := slices.IndexFunc(kinds, func(k page.WarningKind) bool { return k.Kind == kind })
			if i < 0 {
				i = len(kinds)
				kinds = append(kinds, page.WarningKind{Kind: kind, Example: text})
			}
			kinds[i].Cells++
			kinds[i].List = append(kinds[i].List, c.id+": "+text)
		}
	}
	slices.SortStableFunc(kinds, func(a, b page.WarningKind) int { return cmp.Compare(b.Cells, a.Cells) })
	return kinds
}
