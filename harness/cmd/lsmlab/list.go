package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"lsmlab/engines/kv"
	"lsmlab/harness/result"
	"lsmlab/harness/studies"
	"lsmlab/harness/study"
	"lsmlab/powerfail/bugs"
	"lsmlab/powerfail/explore"
	"lsmlab/workloads"
)

// listing is the output of `lsmlab list --json`.
type listing struct {
	Engines   []result.EngineInfo `json:"engines,omitempty"`
	MemTables []contender         `json:"memtables,omitempty"`
	Kinds     []kind              `json:"kinds,omitempty"`
	Studies   []study.Study       `json:"studies,omitempty"`
	Workloads []workloads.Info    `json:"workloads,omitempty"`
	Profiles  []profileInfo       `json:"profiles,omitempty"`
	Bugs      []bugs.Bug          `json:"bugs,omitempty"`
	Options   []option            `json:"options,omitempty"`
}

// profileInfo is what a crash may lose.
type profileInfo struct {
	Name  explore.Profile `json:"name"`
	About string          `json:"about"`
}

func (a *app) listCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:       "list [engines|options|memtables|kinds|workloads|studies|faults]",
		Short:     "What there is to race and to crash, and under which work",
		ValidArgs: []string{"engines", "options", "memtables", "kinds", "workloads", "studies", "faults"},
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		RunE: func(_ *cobra.Command, args []string) error {
			l, err := a.list(args)
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(a.stdout)
				e.SetIndent("", "  ")
				return e.Encode(l)
			}
			return a.printList(l)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) list(args []string) (l listing, err error) {
	wants := func(what string) bool { return len(args) == 0 || args[0] == what }
	if wants("engines") {
		for _, name := range a.catalog.Engines {
			info, err := a.catalog.Lookup(name)
			if err != nil {
				return l, err
			}
			l.Engines = append(l.Engines, info)
		}
	}
	if wants("options") {
		l.Options = options()
	}
	if wants("memtables") {
		if k, err := a.catalog.Kind(result.KindMemTables); err == nil {
			l.MemTables = contendersOf(k)
		}
	}
	if wants("kinds") {
		for _, k := range a.catalog.Kinds {
			l.Kinds = append(l.Kinds, kind{k.Name, k.About, contendersOf(k), worksOf(k)})
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
			l.Profiles = append(l.Profiles, profileInfo{p, p.About()})
		}
		l.Bugs = bugs.All()
	}
	return l, nil
}

func (a *app) printList(l listing) error {
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	var w io.Writer = table
	if len(l.Engines) > 0 {
		fmt.Fprintln(w, "ENGINE\tVERSION\tDURABILITY\tABOUT")
		for _, e := range l.Engines {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", e.Name, e.Version, strings.Join(levels(e), ","), e.Summary)
		}
		fmt.Fprintln(w)
	}
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

func printFaults(w io.Writer, l listing) {
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
