package studies

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"

	"lsmlab/engines/lsm/axes"
	"lsmlab/harness/study"
)

// Every folder with a study.json is in the table, all are read, in every size, and what was
// read is what is written again.
func TestAll(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join("*", study.FileName))
	if err != nil || len(folders) != len(table) {
		t.Errorf("%d folders have a %s, the table has %d lines: %v", len(folders), study.FileName, len(table), err)
	}
	for _, s := range All() {
		for _, size := range study.Sizes {
			sized, err := s.Sized(size)
			if err != nil {
				t.Error(err)
				continue
			}
			b, err := json.Marshal(sized)
			if err != nil {
				t.Fatal(err)
			}
			again, err := study.Parse("again", b)
			if field, x, y, differs := again.Difference(sized); err != nil || differs {
				t.Errorf("%s, size %s: %s is %v and %v: %v", s.Name, size, field, x, y, err)
			}
		}
	}
}

// Study options has every value of every option, one at a time: what is new in the table of
// options is new there. keep goes with fifo alone, and drops what it is asked for.
func TestOptionsAreComplete(t *testing.T) {
	var engines []string
	for _, s := range All() {
		if s.Name == "options" {
			for _, p := range s.Parts {
				engines = append(engines, p.Plan.Engines...)
			}
		}
	}
	for _, axis := range axes.Table() {
		for _, v := range axis.Values[1:] {
			if name := "lsm-bptree+" + axis.Option(v); !slices.Contains(engines, name) {
				t.Errorf("study options lacks %s", name)
			}
		}
	}
}

// Names of kinds, of their contenders and of their works are there once.
func TestKinds(t *testing.T) {
	seen := map[string]bool{}
	once := func(name string) {
		if seen[name] {
			t.Errorf("%s is there twice", name)
		}
		seen[name] = true
	}
	for _, k := range Kinds() {
		once(k.Name)
		for _, c := range k.Contenders {
			once(k.Name + "/" + c.Name)
		}
		for _, w := range k.Works {
			once(k.Name + "/work " + w.Name)
		}
	}
}
