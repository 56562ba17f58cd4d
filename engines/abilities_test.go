package engines

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
)

// TestReadmeAbilities compares what each engine of this build can do with its row of the
// table in README.md. Engines of ours are alike and have one row.
func TestReadmeAbilities(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{"ours": Own()[0]}
	for _, name := range Peers() {
		rows["`"+name+"`"] = name
	}
	for title, name := range rows {
		if row := abilityRow(t, title, name); !strings.Contains(string(page), row) {
			t.Errorf("README.md, table of abilities: want the row\n%s", row)
		}
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
