package memtable_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	fence = regexp.MustCompile("(?ms)^```go (file|add-to)=(\\S+)(?: after=(.+?))?$\n(.*?)^```$")
	shell = regexp.MustCompile("(?ms)^```sh$\n(.*?)^```$")
)

// TestAddingPage does what ADDING.md says, in a copy of the tree: it puts the
// page's files and lines where the page says, and runs its commands. A page
// that no longer fits the code fails here.
func TestAddingPage(t *testing.T) {
	page, err := os.ReadFile("ADDING.md")
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(t.TempDir(), "lsmlab")
	if err := os.CopyFS(root, sources{os.DirFS("../../..")}); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, m := range fence.FindAllStringSubmatch(string(page), -1) {
		kind, name, after, text := m[1], m[2], m[3], m[4]
		if kind == "file" {
			files[name] = text
			continue
		}
		if files[name] == "" {
			old, err := os.ReadFile(filepath.Join(root, name))
			if err != nil {
				t.Fatal(err)
			}
			files[name] = string(old)
		}
		before, rest, ok := strings.Cut(files[name], after+"\n")
		if !ok {
			t.Fatalf("%s has no line that ends with %q", name, after)
		}
		files[name] = before + after + "\n" + text + rest
	}
	if len(files) != 3 {
		t.Fatalf("the page gives %d files, want the table, its test and the list of variants", len(files))
	}
	for name, text := range files {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var output strings.Builder
	for _, m := range shell.FindAllStringSubmatch(string(page), -1) {
		for line := range strings.Lines(m[1]) {
			args := strings.Fields(line)
			c := exec.Command(args[0], args[1:]...)
			c.Dir = root
			out, err := c.CombinedOutput()
			if err != nil {
				t.Fatalf("%s: %v\n%s", line, err, out)
			}
			output.Write(out)
		}
	}
	for _, want := range []string{
		"ok  \tlsmlab/engines/lsm/memtable/sorted", "ok  \tlsmlab/engines/lsm\t", // its own suite and the core's
		"lsmlab's LSM core with a sorted slice", "lsm-sorted    drop-all", // the list, and a crash run that names no engines
	} {
		if !strings.Contains(output.String(), want) {
			t.Errorf("the page's commands did not print %q:\n%s", want, output.String())
		}
	}
	if strings.Contains(output.String(), "no tests to run") {
		t.Errorf("the core's suite does not have the new table:\n%s", output.String())
	}
	for dir, engines := range map[string][]string{
		"sorted": {"lsm-sorted", "lsm-sorted+pread", "lsm-bptree"}, "sorted-bare": {"sorted", "bptree"},
	} {
		cells, err := os.ReadFile(filepath.Join(root, "results", dir, "cells.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		for _, engine := range engines {
			if !strings.Contains(string(cells), strconv.Quote(engine)) {
				t.Errorf("no result of %s:\n%s", engine, cells)
			}
		}
	}
}

// sources is a tree without what git and the benchmarks put there.
type sources struct{ fs.FS }

func (s sources) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(s.FS, name)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		return name == "." && (strings.HasPrefix(e.Name(), ".") || e.Name() == "bin" || e.Name() == "results")
	}), err
}
