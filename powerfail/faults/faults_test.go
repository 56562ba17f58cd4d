package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestSource reads the experiment that the project started from, whole.
func TestSource(t *testing.T) {
	got, err := Read(filepath.Join("testdata", "source.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := &File{Name: "slow-dependency", Faults: []Fault{{
		Name: "slow", Kind: KindDelay, Target: Target{Labels: map[string]string{"role": "dependency"}},
		Duration: 5 * time.Minute,
		Action:   Delay{Traffic: Traffic{Direction: To}, Delay: 100 * time.Millisecond, Correlation: 25},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestEveryKind holds the example to all of the vocabulary, and looks at one
// value of each unit.
func TestEveryKind(t *testing.T) {
	f, err := Read(filepath.Join("testdata", "every-kind.json"))
	if err != nil {
		t.Fatal(err)
	}
	byName := make(map[string]Fault)
	left := make(map[Kind]bool)
	for _, k := range Kinds() {
		left[k] = true
	}
	for _, fault := range f.Faults {
		byName[fault.Name] = fault
		delete(left, fault.Kind)
	}
	if len(left) > 0 {
		t.Errorf("no example of %v", left)
	}
	app := map[string]string{"app": "db"}
	for name, want := range map[string]Action{
		"lossy": Packets{Traffic{Direction: To}, 2.5, 50},
		"cut":   Partition{Traffic{Peer: &Target{Labels: app}, Direction: Both}},
		"deaf":  Partition{Traffic{Peer: &Target{Labels: map[string]string{"member": "2"}}, Direction: From}},
		"thin":  Bandwidth{Traffic{Direction: To}, 10_000_000, 64 << 10, 16 << 10},
		"skew":  Clock{-10 * time.Minute, true, true},
		"full":  Memory{1, 256 << 20},
		"no-space": IOError{Files{
			Volume: "/var/lib/db", Path: "/var/lib/db/*.wal", Operations: []string{"write", "fsync"}, Percent: 10,
		}, "ENOSPC"},
	} {
		if diff := cmp.Diff(want, byName[name].Action); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	if got := byName["bits"].Target.Pick; got != (Pick{Percent: 30}) {
		t.Errorf("pick 30%% reads as %v", got)
	}
	if got := byName["hold"]; got.Every != time.Minute || got.Times != 3 || got.Start != 2*time.Minute {
		t.Errorf("schedule reads as %v", got)
	}
	if n := Errno("ENOSPC").Number(); n != 28 {
		t.Errorf("ENOSPC is %d", n)
	}
}

// TestErrors gives each line of fields to a delay that is sound otherwise, or
// stands as a whole file if it begins with {, and demands what the error says.
func TestErrors(t *testing.T) {
	for in, want := range map[string]string{
		`"latency": "5ms"`:                   `faults[0].latency: "5ms": want no such field: those of kind "delay" without every are correlation, delay,`,
		`"times": 3`:                         `faults[0].times: 3: want no such field`,
		`"delay": 100`:                       `faults[0].delay: 100: want a duration from 1µs to 1h0m0s`,
		`"delay": "100"`:                     `faults[0].delay: "100": want a duration`,
		`"delay": "0s"`:                      `faults[0].delay: "0s": want a duration`,
		`"delay": null`:                      `faults[0].delay: null: want a duration`,
		`"correlation": 200`:                 `faults[0].correlation: 200: want a number from 0 to 100`,
		`"correlation": "25"`:                `faults[0].correlation: "25": want a number`,
		`"start": "-1s"`:                     `faults[0].start: "-1s": want a duration from 0s`,
		`"duration": "0s"`:                   `faults[0].duration: "0s": want a duration from 1ms`,
		`"every": "30s"`:                     `faults[0].every: "30s": want a duration from 1m0s`,
		`"name": "Slow"`:                     `faults[0].name: "Slow": want a name of a-z`,
		`"kind": "latency"`:                  `faults[0].kind: "latency": want one of "bandwidth", "clock"`,
		`"kind": "kill"`:                     `faults[0].delay: "1ms": want no such field: those of kind "kill"`,
		`"direction": "both"`:                `faults[0].direction: "both": want one of "to"`,
		`"target": {}`:                       `faults[0].target.labels: missing: want an object of at least one label`,
		`"target": null`:                     `faults[0].target: null: want a JSON object`,
		`"target": {"labels": {"a b": "c"}}`: `faults[0].target.labels: {"a b":"c"}: want an object`,
		`"target": {"labels": {"a":"b"}, "pick": "0"}`:    `faults[0].target.pick: "0": want "all", "one"`,
		`"target": {"labels": {"a":"b"}, "pick": "101%"}`: `faults[0].target.pick: "101%": want "all", "one"`,
		`"target": {"labels": {"a":"b"}, "pod": "x"}`:     `faults[0].target.pod: "x": want no such field: those of a target are container, labels, pick`,
		`{"name": "n", "name": "m", "faults": []}`:        `name: "m": want the field once`,
		`{"name": "n", "faults": [], "seed": 1}`:          `faults: []: want an array of at least one fault`,
		`{"name": "n", "seed": 1}`:                        `seed: 1: want no such field: those of a fault file are faults, name`,
		`{"name": "n"} {}`:                                `something follows at byte`,
		`{"name": "n", "faults": [7]}`:                    `faults[0]: 7: want a JSON object`,
		`{"name": "n"`:                                    `want a JSON object`,
		`{`:                                               `want a JSON object`,
	} {
		data := in
		if !strings.HasPrefix(in, "{") {
			data = delayWith(in)
		}
		if _, err := Parse([]byte(data)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\n got %v\nwant %s", in, err, want)
		}
	}
}

// delayWith returns a file with one delay that has fields, and those that a delay
// needs unless fields has them.
func delayWith(fields string) string {
	for name, value := range map[string]string{
		"name": `"slow"`, "kind": `"delay"`, "target": `{"labels": {"a": "b"}}`, "duration": `"1m"`, "delay": `"1ms"`,
	} {
		if !strings.HasPrefix(fields, `"`+name+`":`) {
			fields += fmt.Sprintf(", %q: %s", name, value)
		}
	}
	return `{"name": "n", "faults": [{` + fields + `}]}`
}

// TestAllErrors: what is wrong in several places is told at once.
func TestAllErrors(t *testing.T) {
	_, err := Parse([]byte(`{"name": "n", "faults": [
		{"name": "a", "kind": "cpu", "target": {"labels": {"a": "b"}}, "duration": "1m", "workers": 0, "load": 101},
		{"name": "a", "kind": "clock", "target": {"labels": {"a": "b"}}, "duration": "1m", "offset": "0s", "clocks": ["wall"]},
		{"name": "c", "kind": "bandwidth", "target": {"labels": {"a": "b"}}, "duration": "1m", "rate": "10mb", "burst": "9999999999TiB"},
		{"name": "d", "kind": "io-error", "target": {"labels": {"a": "b"}}, "duration": "1m", "errno": 5, "volume": "var", "operations": ["sync"]}]}`))
	if err == nil {
		t.Fatal("no error")
	}
	for _, field := range []string{
		"faults[0].workers: 0", "faults[0].load: 101", `faults[1].name: "a"`, `faults[1].offset: "0s"`, "faults[1].clocks",
		`faults[2].rate: "10mb"`, "faults[2].burst", "faults[3].errno: 5", `faults[3].volume: "var"`, `faults[3].operations: ["sync"]`,
	} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("nothing of %s in\n%v", field, err)
		}
	}
	if lines := strings.Count(err.Error(), "\n") + 1; lines != 10 {
		t.Errorf("%d errors, want 10:\n%v", lines, err)
	}
}

// FuzzParse: no input brings the reader down, and what it takes is in the
// vocabulary.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"source.json", "every-kind.json"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse(data)
		if err != nil {
			return
		}
		for _, fault := range file.Faults {
			if fault.Action == nil || len(fault.Target.Labels) == 0 || fault.Kind.Instant() != (fault.Duration == 0) {
				t.Errorf("%s reads as %+v", data, fault)
			}
		}
	})
}
