package main

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	dependency = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| .* \\| ([^|]+) \\|$")
	direct     = regexp.MustCompile(`(?m)^(?:require|tool)?\s+([a-z0-9]+\.\S+)(?: v[^ \n]+)?$`)
	ofModule   = regexp.MustCompile("(?m)^##+ .*`(.+)`$")
)

// TestDependencies holds DEPENDENCIES.md to the go.mod files: a row for each direct
// dependency or tool, no row without one, and the licence that the files of the
// module state.
func TestDependencies(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	text, err := os.ReadFile(filepath.Join(root, "DEPENDENCIES.md"))
	if err != nil {
		t.Fatal(err)
	}
	heads := ofModule.FindAllStringSubmatchIndex(string(text), -1)
	for i, h := range heads {
		name, end := string(text[h[2]:h[3]]), len(text)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		dir := map[string]string{"lsmlab": "."}[name]
		if dir == "" {
			dir = name
		}
		if strings.HasSuffix(dir, "node") { // of npm: exact versions stand in package-lock.json
			continue
		}
		t.Run(name, func(t *testing.T) {
			rows := map[string]string{}
			for _, m := range dependency.FindAllStringSubmatch(string(text[h[0]:end]), -1) {
				rows[m[1]] = m[2]
			}
			sameDependencies(t, filepath.Join(root, dir), rows)
		})
	}
	modules, err := filepath.Glob(filepath.Join(root, "*", "go.mod"))
	for _, depth := range []string{"*/*", "*/*/*", "*/*/*/*"} {
		more, e := filepath.Glob(filepath.Join(root, depth, "go.mod"))
		modules, err = append(modules, more...), errors.Join(err, e)
	}
	if err != nil || len(modules)+2 != len(heads) { // the module at the top and that of npm
		t.Errorf("the page tells of %d modules, there are %q and two more, %v", len(heads), modules, err)
	}
}

// sameDependencies compares rows, licences by module, with the module in dir.
func sameDependencies(t *testing.T, dir string, rows map[string]string) {
	t.Helper()
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	due := directOf(string(mod))
	if got := slices.Sorted(maps.Keys(rows)); !slices.Equal(got, due) {
		for _, path := range due {
			if rows[path] == "" {
				t.Errorf("DEPENDENCIES.md has no row of %s", path)
			}
		}
		for _, path := range got {
			if !slices.Contains(due, path) {
				t.Errorf("DEPENDENCIES.md has a row of %s, which go.mod does not require directly", path)
			}
		}
		return
	}
	for path, source := range sources(t, dir, due) {
		if found := licences(t, source); rows[path] != found {
			t.Errorf("%s: the page says %s, its files say %s", path, rows[path], found)
		}
	}
}

// directOf returns the modules that a go.mod requires for itself, sorted: those that
// are not marked as indirect, and those of its tools.
func directOf(mod string) (paths []string) {
	for _, m := range direct.FindAllStringSubmatch(mod, -1) {
		path := m[1]
		for path != "." && !strings.Contains(mod, "\t"+path+" v") { // a tool is a package
			path = filepath.Dir(path)
		}
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

// sources returns where the source of each module lies, and fetches it if need be.
func sources(t *testing.T, dir string, paths []string) map[string]string {
	t.Helper()
	c := exec.Command("go", append([]string{"mod", "download", "-json"}, paths...)...)
	c.Dir = dir
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", c, err, out)
	}
	found := map[string]string{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var m struct{ Path, Dir string }
		if err := d.Decode(&m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		found[m.Path] = m.Dir
	}
	if len(found) != len(paths) {
		t.Fatalf("go mod download tells of %d modules, want %d", len(found), len(paths))
	}
	return found
}

// texts are what tells a licence from others, in words of its text.
var texts = []struct {
	name string
	says *regexp.Regexp
}{
	{"AGPL-3.0", fits(`GNU AFFERO GENERAL PUBLIC LICENSE Version 3`)},
	{"Apache-2.0", fits(`Apache License,? Version 2\.0`)},
	{"MIT", fits(`Permission is hereby granted, free of charge, to any person obtaining a copy`)},
	{"MPL-2.0", fits(`Mozilla Public License,? Version 2\.0`)},
	{"BSD-3-Clause", fits(`Redistribution and use in source and binary forms.*(?i:neither the name|names of its contributors may|may not be used to endorse)`)},
	{"BSD-2-Clause", fits(`Redistribution and use in source and binary forms`)},
}

// licences returns the names of the licences in the licence files of a module.
func licences(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, e := range entries {
		if name := strings.ToLower(e.Name()); strings.HasPrefix(name, "licen") || strings.HasPrefix(name, "copying") {
			one, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			text += string(one) + "\n"
		}
	}
	text = strings.Join(strings.Fields(text), " ")
	var found []string
	for _, l := range texts {
		if l.says.MatchString(text) && !(l.name == "BSD-2-Clause" && slices.Contains(found, "BSD-3-Clause")) {
			found = append(found, l.name)
		}
	}
	return strings.Join(found, ", ")
}
