package campaign

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/rundir"
)

// CellLine says in a line what was explored of an engine under a profile.
func CellLine(c *rundir.Cell) string {
	line := fmt.Sprintf("%-13s %-13s ", c.Engine, c.Profile)
	if c.Explored == 0 && len(c.Violations) == 0 {
		return line + "not explored"
	}
	line += fmt.Sprintf("%8d distinct of %9d explored in %5d programs, %6.0f/s, %d findings", c.Distinct, c.Explored, c.Programs, c.Rate(), Violations(c))
	if c.Refused > 0 {
		line += fmt.Sprintf("; %d mounts refused by the kernel, which are the file system's affair", c.Refused)
	}
	if c.Unconfirmed > 0 {
		line += fmt.Sprintf("; %d broke a rule once, and not again", c.Unconfirmed)
	}
	return line
}

// Violations returns how many states of a cell broke a rule.
func Violations(c *rundir.Cell) (n int64) {
	for _, count := range c.Violations {
		n += count
	}
	return n
}

// printCoverage shows at which operations, on files of which role, how many
// distinct states were checked, and what of which files they had lost.
func printCoverage(out io.Writer, c *explore.Counts) {
	printGrid(out, "states before", c.Coverage)
	if len(c.Losses) > 0 {
		printGrid(out, "states that lost", c.LossGrid())
	}
	fmt.Fprintf(out, "%d programs, %d states explored, %d distinct; after 1, 2, .. crashes: %d\n", c.Programs, c.Explored, c.Distinct, c.Depths)
}

// printGrid prints counts whose keys are a row and a column.
func printGrid(out io.Writer, title string, counts map[string]int64) {
	roles, kinds := map[string]bool{}, map[string]bool{}
	for key := range counts {
		kind, role, _ := strings.Cut(key, " ")
		roles[role], kinds[kind] = true, true
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, title+"\t")
	for _, role := range slices.Sorted(maps.Keys(roles)) {
		fmt.Fprintf(w, "%s\t", role)
	}
	fmt.Fprintln(w)
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		fmt.Fprintf(w, "%s\t", kind)
		for _, role := range slices.Sorted(maps.Keys(roles)) {
			fmt.Fprintf(w, "%d\t", counts[kind+" "+role])
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush() // to where everything else is printed
}
