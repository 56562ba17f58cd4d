package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReportRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no directory":   {[]string{"report"}, "want one run directory"},
		"not a run":      {[]string{"report", dir}, "no plan.json"},
		"two":            {[]string{"report", dir, dir}, "2 arguments"},
		"no such engine": {[]string{"report", filepath.Join(dir, "nosuch")}, "nosuch"},
	} {
		t.Run(name, func(t *testing.T) {
			got := lab(t, c.args...)
			if got.status != exitUsage || !strings.Contains(got.stderr, c.want) {
				t.Errorf("status %d, %q, want %d and ...%s...", got.status, got.stderr, exitUsage, c.want)
			}
			if _, err := os.Stat(filepath.Join(dir, "index.html")); err == nil {
				t.Error("a page was written all the same")
			}
		})
	}
}
