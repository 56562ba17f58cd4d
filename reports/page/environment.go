package page

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"lsmlab/harness/human"
	"lsmlab/harness/result"
	"lsmlab/reports/chart"
)

// Environment lists what is known about where a run was made, and the run's work.
func Environment(e result.Env, work string) []Fact {
	yes := func(b bool, a, other string) string {
		if b {
			return a
		}
		return other
	}
	facts := []Fact{
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
	for _, k := range slices.Sorted(maps.Keys(e.Methods)) {
		facts = append(facts, Fact{Name: "How " + k + " is counted", Value: e.Methods[k]})
	}
	return slices.DeleteFunc(facts, func(f Fact) bool { return f.Value == "" })
}

// Provenance returns the machine, the version and the command, which every chart names.
func Provenance(e result.Env) string {
	parts := []string{
		fmt.Sprintf("%s, %s, %s", orUnknown(e.CPU, "CPU"), human.Count(e.Cores, "core"), chart.UnitBytes.Format(float64(e.MemoryBytes))),
		strings.TrimSpace(e.OS + " " + e.Kernel), orUnknown(e.FileSystem, "file system"), orUnknown(e.GoVersion, "Go version"), "lsmlab " + version(e),
	}
	return strings.Join(parts, "; ") + ". " + e.Command
}

func orUnknown(s, what string) string {
	if s == "" {
		return "unknown " + what
	}
	return s
}

// version returns the version of the build that measured.
func version(e result.Env) string {
	v := orUnknown(e.Module, "version") + ", commit unknown"
	if e.Commit != "" {
		v = e.Commit[:min(12, len(e.Commit))]
	}
	if e.Dirty {
		v += " with changes"
	}
	return v
}
