package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/harness"
	"lsmlab/harness/cmd/inventory"
	"lsmlab/harness/cmd/isolationrun"
	"lsmlab/powerfail/isolation"
)

// TestIsolationCheck judges a history of write skew, in words and as JSON, and refuses
// what is none.
func TestIsolationCheck(t *testing.T) {
	skew := "../../../powerfail/isolation/testdata/write-skew.jsonl"
	broken := filepath.Join(t.TempDir(), "broken.jsonl")
	if err := os.WriteFile(broken, []byte("{\"ops\": [[\"put\", 1, 2]]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stale := filepath.Join(t.TempDir(), "stale.jsonl")
	if err := os.WriteFile(stale, []byte(`{"process":0,"begin":1,"end":2,"ops":[["w","x",1]],"read_lsn":0,"commit_lsn":1}
{"process":1,"begin":1,"end":3,"ops":[["r","x",null]],"read_lsn":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{skew}, exitSound, "not refuted: strong snapshot isolation\n"},
		{[]string{"--level", "snapshot isolation", skew}, exitSound, "(write skew)"},
		{[]string{"--level", "serializable", skew}, exitFinding, "rw        T1 read x without 2, which T2 wrote"},
		{[]string{"--level", "perfect", skew}, exitUsage, `"strict serializable"`},
		{[]string{stale}, exitSound, "not refuted: strict serializable\n"},
		{[]string{"--level", "read committed", stale}, exitSound, "by LSNs: read committed is not refuted"},
		{[]string{"--level", "snapshot isolation", stale}, exitFinding, "by LSNs: read: T1 reads at LSN 1"},
		{[]string{broken}, exitUsage, `line 1: operation 0, ["put", 1, 2]: kind "put": want append, w or r`},
		{[]string{"nowhere"}, exitUsage, "nowhere"},
		{nil, exitUsage, "0 arguments given"},
	} {
		var out bytes.Buffer
		status := run(context.Background(), harness.Catalog{}, append([]string{"isolation", "check"}, c.args...), strings.NewReader(""), &out, &out)
		if status != c.status || !strings.Contains(out.String(), c.says) {
			t.Errorf("%q: status %d, want %d and %q:\n%s", c.args, status, c.status, c.says, out.String())
		}
	}
	var out bytes.Buffer
	run(context.Background(), harness.Catalog{}, []string{"isolation", "check", "--json", skew}, strings.NewReader(""), &out, &out)
	var j isolationrun.Judged
	if err := json.Unmarshal(out.Bytes(), &j); err != nil || j.Of(isolation.Serializable).By.Name != "G2-item" {
		t.Errorf("%s: %v", out.String(), err)
	}
}

// TestIsolation probes two peers: one keeps its promise, and of the other the phantom is
// found, kept, drawn and shown again.
func TestIsolation(t *testing.T) {
	do := func(args ...string) (int, string) {
		var out bytes.Buffer
		status := run(context.Background(), inventory.Catalog(), append([]string{"isolation"}, args...), strings.NewReader(""), &out, &out)
		return status, out.String()
	}
	sound := filepath.Join(t.TempDir(), "run")
	if status, out := do("--engines", "bbolt,goleveldb", "--level", "serializable", "--scripts", "0", "--out", sound); status != exitSound || !strings.Contains(out, "strict serializable") {
		t.Errorf("status %d:\n%s", status, out)
	}
	own := filepath.Join(t.TempDir(), "run")
	if status, out := do("--engines", "lsm-skiplist", "--scripts", "1", "--out", own); status != exitSound {
		t.Errorf("status %d:\n%s", status, out)
	}
	if page, err := os.ReadFile(filepath.Join(own, "index.html")); err != nil || strings.Count(string(page), "The LSNs of all transactions agree") != 3 {
		t.Errorf("the page lacks the judge that goes by LSNs: %v", err)
	}
	if status, out := do("check", "--level", "strict serializable", filepath.Join(own, "histories", "lsm-skiplist-serializable.jsonl")); status != exitSound || !strings.Contains(out, "by LSNs: strict serializable is not refuted") {
		t.Errorf("check: status %d:\n%s", status, out)
	}
	dir := filepath.Join(t.TempDir(), "run")
	status, out := do("--engines", "badger", "--scripts", "2", "--out", dir)
	if status != exitFinding || !strings.Contains(out, "less than promised: badger at serializable") {
		t.Errorf("status %d:\n%s", status, out)
	}
	if status, out := do("replay", filepath.Join(dir, "findings", "001")); status != exitFinding || !strings.Contains(out, "phantom") {
		t.Errorf("replay: status %d:\n%s", status, out)
	}
	if page, err := os.ReadFile(filepath.Join(dir, "index.html")); err != nil || !strings.Contains(string(page), "finding-001") || !strings.Contains(string(page), "do not give these levels: badger (read-committed, snapshot)") {
		t.Errorf("the page lacks the finding or what is refused: %v", err)
	}
	crashed := filepath.Join(t.TempDir(), "run")
	if status, out := do("--engines", "lsm-skiplist,bbolt", "--level", "snapshot", "--scripts", "0", "--crash", "sim", "--states", "500", "--out", crashed); status != exitSound || !strings.Contains(out, "sound") {
		t.Errorf("status %d:\n%s", status, out)
	}
	if page, err := os.ReadFile(filepath.Join(crashed, "index.html")); err != nil || !strings.Contains(string(page), "acknowledged transaction lost") {
		t.Errorf("the page lacks the power cuts: %v", err)
	}
	if err := os.Rename(dir, dir+"2"); err != nil {
		t.Fatal(err)
	}
	history := filepath.Join(dir+"2", "histories", "badger-serializable.jsonl")
	if status, out := do("check", "--level", "serializable", history); status != exitFinding {
		t.Errorf("check: status %d:\n%s", status, out)
	}
	if status, out := do("convert", "--to", "edn", history); status != exitSound || !strings.Contains(out, "{:index 1, :type :ok") {
		t.Errorf("convert: status %d:\n%.300s", status, out)
	}
	for _, args := range [][]string{
		{"--level", "best"}, {"--crash", "vm"}, {"--states", "5"}, {"--crash", "sim", "--bug", "none"}, {"--crash", "sim", "--states", "-1"}, {"--durability", "much"}, {"--scripts", "-1"}, {"--out", dir + "2"}, {"--engines", "nothing"}, {"replay"}, {"replay", sound}, {"convert", history, "--to", "x"}, {"convert"},
	} {
		if status, out := do(args...); status != exitUsage {
			t.Errorf("%q: status %d, want %d:\n%s", args, status, exitUsage, out)
		}
	}
}
