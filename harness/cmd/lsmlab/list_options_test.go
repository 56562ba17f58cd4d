package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"lsmlab/engines"
	"lsmlab/harness/cmd/crashrun"
	"lsmlab/harness/cmd/inventory"
	"lsmlab/powerfail/campaign"
)

// What `list options --json` says may be written in a name is taken there, and keeps
// the durability levels that it says.
func TestListOptions(t *testing.T) {
	o := lab(t, "list", "options", "--json")
	var l inventory.Listing
	if err := json.Unmarshal([]byte(o.stdout), &l); err != nil || len(l.Options) < 9 || len(l.Engines) > 0 {
		t.Fatalf("%v: %s", err, o.stdout)
	}
	for _, option := range l.Options {
		for _, v := range option.Values {
			if (v.Write == "") != (v.Name == option.Default) {
				t.Errorf("%s=%s is written %q", option.Name, v.Name, v.Write)
			}
			if v.Write == "" {
				continue
			}
			info, err := engines.Lookup("lsm-bptree+" + v.Write)
			if err != nil || info.Name != "lsm-bptree+"+v.Write {
				t.Errorf("%s: %s, %v", v.Write, info.Name, err)
			}
			for d, how := range info.Durabilities {
				if how == "" || !slices.Contains(v.Keeps, d.String()) {
					t.Errorf("%s: keeps %v, the engine says %v", v.Write, v.Keeps, info.Durabilities)
				}
			}
		}
	}
	text := lab(t, "list", "options").stdout
	for _, want := range []string{"+pread ", "+sync=none ", "(default fdatasync)", "N is 512 to 1M", "no crash run takes it"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

// What `list engines` says of engines that are made of engines is taken there.
func TestListMade(t *testing.T) {
	var l inventory.Listing
	if out := lab(t, "list", "engines", "--json").stdout; json.Unmarshal([]byte(out), &l) != nil || len(l.Made) < 2 {
		t.Fatal(out)
	}
	text := lab(t, "list", "engines").stdout
	for _, m := range l.Made {
		if info, err := engines.Lookup(m.Example); err != nil || info.Name != m.Example {
			t.Errorf("%s: %s, %v", m.Example, info.Name, err)
		}
		if !strings.Contains(text, m.Pattern) || m.Option != "" && !strings.Contains(text, "+"+m.Option) {
			t.Errorf("%s or +%s is missing in\n%s", m.Pattern, m.Option, text)
		}
	}
}

// A crash run takes groups and options, and refuses what no power cut can judge.
func TestCrashEngines(t *testing.T) {
	expanded := func(names ...string) ([]string, error) {
		f := crashrun.Flags{Options: campaign.Options{Engines: names}}
		err := f.CheckEngines()
		return f.Engines, err
	}
	names, err := expanded("@own", "lsm-bptree+zstd+pread", "lsm-bptree")
	if want := append(engines.Own(), "lsm-bptree+pread+zstd"); err != nil || !slices.Equal(names, want) {
		t.Errorf("%q, %v, want %q", names, err, want)
	}
	for name, want := range map[string]string{
		"lsm-bptree+sync=none":     "does not give the durability level synced",
		"lsm-bptree+fifo+keep=64M": "drops acknowledged writes by design",
		"@pears":                   "did you mean @peers?",
		"lsm-bptree+zsdt":          "did you mean zstd?",
	} {
		if _, err := expanded(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}
