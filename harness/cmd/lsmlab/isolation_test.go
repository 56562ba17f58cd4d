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
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{skew}, exitSound, "not refuted: strong snapshot isolation\n"},
		{[]string{"--level", "snapshot isolation", skew}, exitSound, "(write skew)"},
		{[]string{"--level", "serializable", skew}, exitFinding, "rw        T1 read x without 2, which T2 wrote"},
		{[]string{"--level", "perfect", skew}, exitUsage, `"strict serializable"`},
		{[]string{broken}, exitUsage, `line 1: operation 0, ["put", 1, 2]: kind "put": want append, w or r`},
		{[]string{"nowhere"}, exitUsage, "nowhere"},
		{nil, exitUsage, "no file given"},
	} {
		var out bytes.Buffer
		status := run(context.Background(), harness.Catalog{}, append([]string{"isolation", "check"}, c.args...), strings.NewReader(""), &out, &out)
		if status != c.status || !strings.Contains(out.String(), c.says) {
			t.Errorf("%q: status %d, want %d and %q:\n%s", c.args, status, c.status, c.says, out.String())
		}
	}
	var out bytes.Buffer
	run(context.Background(), harness.Catalog{}, []string{"isolation", "check", "--json", skew}, strings.NewReader(""), &out, &out)
	var j judged
	if err := json.Unmarshal(out.Bytes(), &j); err != nil || j.Of(isolation.Serializable).By.Name != "G2-item" {
		t.Errorf("%s: %v", out.String(), err)
	}
}
