package engines

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
)

var update = flag.Bool("update", false, "write the table of abilities in README.md again")

// TestGoldenAbilities compares the table of abilities in README.md with what each engine
// of this build can do. Engines of ours are alike and have one row. Rows of engines that
// this build lacks are left as they are, below the others.
func TestGoldenAbilities(t *testing.T) {
	const from, to = "<!-- abilities: written by `make golden` -->\n", "<!-- end of abilities -->"
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), from)
	got, after, ended := strings.Cut(rest, to)
	lines := strings.SplitAfter(got, "\n")
	if !ok || !ended || len(lines) < 2 {
		t.Fatalf("README.md has no table between %q and %q", from, to)
	}
	want := lines[0] + lines[1] + abilityRow(t, "ours", Own()[0])
	peers := names(func(info Info) bool { return !info.Own })
	for _, name := range peers {
		want += abilityRow(t, "`"+name+"`", name)
	}
	for _, row := range lines[2:] {
		if name := strings.Split(row, "`"); len(name) > 1 && !slices.Contains(peers, name[1]) {
			want += row
		}
	}
	if got == want {
		return
	}
	if !*update {
		t.Fatalf("README.md has another table of abilities than the engines; `make golden` writes it again. Want:\n%s", want)
	}
	if err := os.WriteFile("README.md", []byte(before+from+want+to+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func abilityRow(t *testing.T, title, name string) string {
	t.Helper()
	e, err := Open(name, t.TempDir(), Options{CacheSize: 1 << 20, MemTableSize: 8 << 20, Durability: kv.Synced, Transactions: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var levels []string
	for _, level := range kvtest.Isolations(t, e) {
		levels = append(levels, level.String())
	}
	if len(levels) == 0 {
		levels = []string{"none"}
	}
	var b kv.Batch
	b.DeleteRange([]byte("a"), []byte("b"))
	errRange := e.Apply(&b, kv.Synced)
	if errRange != nil && !errors.Is(errRange, kv.ErrUnsupported) {
		t.Fatal(errRange)
	}
	_, reverse := e.(kv.ReverseScanner)
	_, checkpoint := e.(kv.Checkpointer)
	_, past := e.(kv.Historian)
	yes := map[bool]string{true: "yes", false: "no"}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", title, strings.Join(levels, ", "), yes[reverse], yes[checkpoint], yes[errRange == nil], yes[past])
}
