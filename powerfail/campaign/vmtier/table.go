package vmtier

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
)

// table is the table of methods by engine, file system and kernel.
type table struct {
	columns, rows []string
	cells         map[[2]string]string
}

func (t *table) set(c Cell, text string) {
	row, column := c.Method, c.Engine+" "+c.FS+" "+c.Kernel
	if !slices.Contains(t.rows, row) {
		t.rows = append(t.rows, row)
	}
	if !slices.Contains(t.columns, column) {
		t.columns = append(t.columns, column)
	}
	if t.cells == nil {
		t.cells = map[[2]string]string{}
	}
	t.cells[[2]string{row, column}] = text
}

func tableText(states, broken int) string {
	if broken == 0 {
		return fmt.Sprintf("%d sound", states)
	}
	return fmt.Sprintf("%d of %d BROKEN", broken, states)
}

// String draws the table.
func (t *table) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\t%s\n", strings.Join(t.columns, "\t"))
	for _, row := range t.rows {
		fmt.Fprintf(w, "%s", row)
		for _, column := range t.columns {
			fmt.Fprintf(w, "\t%s", t.cells[[2]string{row, column}])
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush() // a strings.Builder takes all
	return b.String()
}
