// Package inventory knows all that there is to race and to crash, and under which work:
// as a [harness.Catalog] for what runs it, and as a [Listing] for people and programs.
package inventory

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/harness/result"
	"lsmlab/harness/studies"
	"lsmlab/harness/study"
	"lsmlab/powerfail/bugs"
	"lsmlab/powerfail/explore"
	"lsmlab/workloads"
)

// Listing is what there is, by kind: the output of `lsmlab list --json`.
type Listing struct {
	Engines   []result.EngineInfo `json:"engines,omitempty"`
	Made      []Made              `json:"made,omitempty"`
	MemTables []Contender         `json:"memtables,omitempty"`
	Kinds     []Kind              `json:"kinds,omitempty"`
	Studies   []study.Study       `json:"studies,omitempty"`
	Workloads []workloads.Info    `json:"workloads,omitempty"`
	Profiles  []Profile           `json:"profiles,omitempty"`
	Bugs      []bugs.Bug          `json:"bugs,omitempty"`
	Options   []Option            `json:"options,omitempty"`
}

// Profile is what a crash may lose.
type Profile struct {
	Name  explore.Profile `json:"name"`
	About string          `json:"about"`
}

// Kinds returns the kinds of things that are listed.
func Kinds() []string {
	return []string{
		"engines", "options", "memtables", "kinds", "workloads", "studies", "faults",
	}
}

// List lists the things of one kind, or with kind "" all. Engines and MemTables are
// those of a catalog.
func List(cat harness.Catalog, kind string) (l Listing, err error) {
	wants := func(what string) bool { return kind == "" || kind == what }
	if wants("engines") {
		for _, name := range cat.Engines {
			info, err := cat.Lookup(name)
			if err != nil {
				return l, err
			}
			l.Engines = append(l.Engines, info)
		}
		l.Made = made()
	}
	if wants("options") {
		l.Options = options()
	}
	if wants("memtables") {
		if k, err := cat.Kind(result.KindMemTables); err == nil {
			l.MemTables = contendersOf(k)
		}
	}
	if wants("kinds") {
		for _, k := range cat.Kinds {
			l.Kinds = append(l.Kinds, Kind{k.Name, k.About, contendersOf(k), worksOf(k)})
		}
	}
	if wants("studies") {
		l.Studies = studies.All()
	}
	if wants("workloads") {
		l.Workloads = workloads.List()
	}
	if wants("faults") {
		for _, p := range explore.Profiles() {
			l.Profiles = append(l.Profiles, Profile{p, p.About()})
		}
		l.Bugs = bugs.All()
	}
	return l, nil
}

// Print prints tables for people.
func (l Listing) Print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	var w io.Writer = table
	if len(l.Engines) > 0 {
		fmt.Fprintln(w, "ENGINE\tVERSION\tDURABILITY\tTRANSACTIONS\tABOUT")
		for _, e := range l.Engines {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", e.Name, e.Version, strings.Join(levels(e), ","), strings.Join(isolations(e), ","), e.Summary)
		}
		fmt.Fprintln(w)
	}
	printMade(w, l.Made)
	printOptions(w, l.Options)
	if len(l.MemTables) > 0 {
		fmt.Fprintln(w, "MEMTABLE\tVERSION\tABOUT")
		for _, t := range l.MemTables {
			fmt.Fprintf(w, "%s\t%s\t%s\n", t.Name, t.Version, t.About)
		}
		fmt.Fprintln(w)
	}
	printKinds(w, l.Kinds)
	if len(l.Workloads) > 0 {
		fmt.Fprintln(w, "WORKLOAD\tABOUT")
		for _, i := range l.Workloads {
			fmt.Fprintf(w, "%s\t%s\n", i.Name, i.About)
		}
		fmt.Fprintln(w)
	}
	printStudies(w, l.Studies)
	printFaults(w, l)
	return table.Flush()
}

func printFaults(w io.Writer, l Listing) {
	if len(l.Profiles) == 0 {
		return
	}
	fmt.Fprintln(w, "PROFILE\tWHAT A CRASH MAY LOSE")
	for _, p := range l.Profiles {
		fmt.Fprintf(w, "%s\t%s\n", p.Name, p.About)
	}
	fmt.Fprintln(w)
	rows := bugs.Rows()
	fmt.Fprintln(w, strings.ToUpper(strings.Join(rows[0], "\t")))
	for _, row := range rows[1:] {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
}

// levels are the durability levels that an engine gives, weakest first.
func levels(e result.EngineInfo) (out []string) {
	for _, d := range []kv.Durability{kv.Volatile, kv.Buffered, kv.Synced} {
		if _, ok := e.Options[d.String()]; ok {
			out = append(out, d.String())
		}
	}
	return out
}

// isolations are the isolation levels that an engine gives to transactions, weakest first.
func isolations(e result.EngineInfo) (out []string) {
	for _, level := range kv.Isolations() {
		if _, ok := e.Isolations[level.String()]; ok {
			out = append(out, level.String())
		}
	}
	return out
}
