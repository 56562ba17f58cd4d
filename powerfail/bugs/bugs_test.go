package bugs

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the table in the README")

// Every bug is seen by a tier, whose test plants it, and says why others do not
// see it; or it names the other test that sees it.
func TestBugs(t *testing.T) {
	all := All()
	if len(all) < 12 {
		t.Errorf("%d bugs, want at least 12", len(all))
	}
	var names []string
	for _, b := range all {
		if slices.Contains(names, b.Name) {
			t.Errorf("%s: twice", b.Name)
		}
		names = append(names, b.Name)
		seen := 0
		for _, tier := range allTiers() {
			if b.Sees(tier) {
				seen++
			}
		}
		if seen == 0 && !strings.Contains(b.Unseen, "Fuzz") || seen != len(b.Tiers) {
			t.Errorf("%s: tiers %q, want some of %q", b.Name, b.Tiers, allTiers())
		}
		if (b.Unseen == "") != (seen == len(allTiers())) {
			t.Errorf("%s: tiers %q, and why the others do not see it: %q", b.Name, b.Tiers, b.Unseen)
		}
	}
}

// TestGoldenTable compares the table in the README with the bugs there are.
func TestGoldenTable(t *testing.T) {
	const path, begin, end = "../README.md", "<!-- planted bugs, by `make golden` -->\n", "<!-- end -->\n"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	old, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		t.Fatalf("%s: no lines %q and %q", path, begin, end)
	}
	table := markdown(Rows())
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+table+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		old = table
	}
	if old != table {
		t.Errorf("the table of %s is not that of the bugs; if meant, run make golden\nwant:\n%s", path, table)
	}
}

// markdown draws a table whose first row has the titles.
func markdown(rows [][]string) string {
	var b bytes.Buffer
	for i, row := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(&b, "%s|\n", strings.Repeat("|---", len(row)))
		}
	}
	return b.String()
}

func TestLookup(t *testing.T) {
	if b, err := Lookup("wal-sync-skipped"); err != nil || b.Name != "wal-sync-skipped" {
		t.Errorf("%+v, %v", b, err)
	}
	if _, err := Lookup("wal"); err == nil || !strings.Contains(err.Error(), "dir-sync-skipped") {
		t.Error(err)
	}
}
