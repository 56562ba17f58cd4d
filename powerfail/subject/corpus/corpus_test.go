package corpus

import (
	"bytes"
	"strings"
	"testing"
)

// Without a crash all is well with every store, broken or mended, also when it was
// opened again; and a check that is told of more than there was says so.
func TestWithoutCrash(t *testing.T) {
	for _, k := range Kinds() {
		for _, name := range []string{k.Name, k.Name + mended} {
			dir := t.TempDir()
			acked := ""
			for _, what := range []string{"workload", "reopen", "check"} {
				var out, trouble bytes.Buffer
				if status := Run([]string{name, what, dir}, strings.NewReader(acked), &out, &trouble); status != 0 {
					t.Errorf("%s %s: status %d: %s", name, what, status, trouble.String())
				}
				acked += strings.ReplaceAll(out.String(), "ack ", "")
			}
			if n := strings.Count(acked, "\n"); n < 10 {
				t.Errorf("%s: %d acknowledgements", name, n)
			}
			var trouble bytes.Buffer
			if status := Run([]string{name, "check", t.TempDir()}, strings.NewReader(acked), &trouble, &trouble); status != 1 {
				t.Errorf("%s: an empty directory passes: %s", name, trouble.String())
			}
		}
	}
	if len(Kinds()) < 12 {
		t.Errorf("%d kinds", len(Kinds()))
	}
	for _, args := range [][]string{nil, {"no-kind", "check", "/"}, {"no-file-sync", "dance", "/"}} {
		var trouble bytes.Buffer
		if status := Run(args, strings.NewReader(""), &trouble, &trouble); status == 0 || trouble.Len() == 0 {
			t.Errorf("%v: status %d, said nothing", args, status)
		}
	}
}
