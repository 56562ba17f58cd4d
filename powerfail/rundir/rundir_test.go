package rundir

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
)

func sample(dir string, distinct int64) (*Dir, error) {
	d, err := Create(dir, Run{
		Tier: "sim", Command: "lsmlab crash sim", Seed: 7, Shard: "1/2",
		Started: time.Unix(100, 0).UTC(), Ended: time.Unix(200+distinct, 0).UTC(),
	})
	if err != nil {
		return nil, err
	}
	key := Key{Engine: "pebble", FileSystem: "model", Profile: "drop-all"}
	counts := explore.Counts{Programs: 1, Explored: 2 * distinct, Distinct: distinct, Coverage: map[string]int64{"write wal": distinct}}
	_, err = d.AddFinding(Finding{
		Tier: "sim", Key: key, Rule: oracle.RuleLost, Program: "text",
		Lost: []Loss{{What: "a block", Stack: []string{"f"}}}, Choices: explore.Choices{{N: 2}}, Scenario: json.RawMessage(`{"seed":1}`),
		History: &oracle.History{Base: map[string]string{"k": "v"}, Writes: []oracle.Write{{Batch: []byte{0, 0}, Ack: oracle.Never}}},
		State: func(to string) error {
			return errors.Join(os.MkdirAll(to, 0o755), os.WriteFile(filepath.Join(to, "CURRENT"), []byte("x"), 0o644))
		},
	})
	return d, errors.Join(err, d.AddCell(Cell{key, counts, 2}))
}

func TestWriteReadMerge(t *testing.T) {
	one, two := filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "two")
	if _, err := sample(one, 5); err != nil {
		t.Fatal(err)
	}
	if _, err := sample(two, 3); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "merged")
	if err := Merge(out, []string{one, two}); err != nil {
		t.Fatal(err)
	}
	r, cells, findings, err := Read(out)
	if err != nil {
		t.Fatal(err)
	}
	if r.Seed != 7 || r.Shard != "1/2 1/2" || !r.Ended.Equal(time.Unix(205, 0)) {
		t.Errorf("run: %+v", r)
	}
	if len(cells) != 1 || cells[0].Distinct != 8 || cells[0].Explored != 16 || cells[0].Seconds != 4 || cells[0].Coverage["write wal"] != 8 {
		t.Errorf("cells: %+v", cells)
	}
	if len(findings) != 2 {
		t.Fatalf("%d findings, want 2", len(findings))
	}
	f := findings[1]
	if f.Program != "text" || f.Lost[0].What != "a block" || !reflect.DeepEqual(f.Choices, explore.Choices{{N: 2}}) ||
		f.History.Base["k"] != "v" || f.Command != "lsmlab crash replay "+filepath.Join(out, "findings/002-lost") {
		t.Errorf("finding: %+v", f)
	}
	to := filepath.Join(t.TempDir(), "copy")
	if err := f.State(to); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(filepath.Join(to, "CURRENT")); err != nil || string(data) != "x" {
		t.Errorf("state: %q, %v", data, err)
	}
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	if _, _, _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "no run directory") {
		t.Errorf("an empty directory: %v", err)
	}
	if _, err := ReadFinding(dir); err == nil || !strings.Contains(err.Error(), "no finding") {
		t.Errorf("an empty directory: %v", err)
	}
	one, other := filepath.Join(dir, "one"), filepath.Join(dir, "other")
	if _, err := sample(one, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := sample(one, 1); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a used directory: %v", err)
	}
	if _, err := Create(other, Run{Tier: "disk"}); err != nil {
		t.Fatal(err)
	}
	if err := Merge(filepath.Join(dir, "out"), []string{one, other}); err == nil || !strings.Contains(err.Error(), "not shards of one run") {
		t.Errorf("two tiers: %v", err)
	}
	if err := os.WriteFile(filepath.Join(other, "cells.jsonl"), []byte("{}\n{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := Read(other); err == nil || !strings.Contains(err.Error(), "cells.jsonl, line 2") {
		t.Errorf("a torn line: %v", err)
	}
}
