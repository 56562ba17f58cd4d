package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWrongPlans: somebody who wrote a plan is told of the file, the field and the value,
// and nothing of flags.
func TestWrongPlans(t *testing.T) {
	const begin = `"engines": ["toy"], "workloads": ["fillrandom"], "durability": ["buffered"], "threads": [1], "seed": 1`
	for text, want := range map[string]string{
		`{` + begin + `, "rounds": 1, "keys": -1}`:                                                           "plan: keys is -1: want 1 to",
		`{` + begin + `, "rounds": 0, "keys": 10}`:                                                           "plan: rounds is 0: want 1 to",
		`{` + begin + `, "rounds": 1, "keys": 10, "ops": -7}`:                                                "plan: ops is -7",
		`{` + begin + `, "rounds": 1, "keys": 10, "rate": -1}`:                                               "plan: rate is -1",
		`{` + begin + `, "rounds": 1, "keys": 10, "value_size": -4}`:                                         "value_size is -4: want",
		`{` + begin + `, "rounds": 1, "keys": 10, "key_size": 7}`:                                            "key_size is 7: want",
		`{"rounds": 1, "keys": 10, "engines": ["toi"]}`:                                                      `plan: engines is wrong: unknown engine "toi", did you mean toy?`,
		`{"rounds": 1, "keys": 10, "engines": ["toy"], "workloads": ["fillrandon"]}`:                         `plan: workloads is wrong: unknown workload "fillrandon", did you mean fillrandom?`,
		`{"rounds": 1, "keys": 10, "engines": ["toy"], "workloads": ["fillrandom"], "durability": ["sync"]}`: `plan: durability is wrong: durability "sync": want`,
		"{\n\"rounds\": 1,\n\"keyz\": 10}":                                                                   `plan.json:3: damaged: unknown field "keyz"`,
		"{\n\"keys\": \"many\"}":                                                                             "plan.json:2: damaged: field keys is a string: want a whole number",
		`{"keys": 1.5}`:                                                                                      "plan.json:1: damaged: field keys is 1.5: want a whole number",
		`{"seed": -1}`:                                                                                       "plan.json:1: damaged: field seed is -1: want a whole number from 0 on",
		`{"engines": "toy"}`:                                                                                 "plan.json:1: damaged: field engines is a string: want a list",
		`{"name": [1]}`:                                                                                      "plan.json:1: damaged: field name is a list: want a string",
		`{"memtables": 1}`:                                                                                   "plan.json:1: damaged: field memtables is a number: want true or false",
		`{"workload_options": {"mix": 1}}`:                                                                   "plan.json:1: damaged: field workload_options is a number: want an object",
		"{\n\n\"keys\": 1,,\n}":                                                                              "plan.json:3: damaged: invalid character ','",
		`{"keys": 1`:                                                                                         "plan.json:1: damaged: unexpected EOF",
	} {
		plan := filepath.Join(t.TempDir(), "plan.json")
		if err := os.WriteFile(plan, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		o := lab(t, "bench", "--plan", plan, "--out", filepath.Join(t.TempDir(), "run"))
		if said := strings.TrimPrefix(o.stderr, "lsmlab: --plan "); o.status != exitUsage || !strings.Contains(said, want) || strings.Contains(said, "--") {
			t.Errorf("%s: status %d, want %q in\n%s", text, o.status, want, o.stderr)
		}
	}
}

// TestWrongFlags: somebody who gave a flag is told of that flag.
func TestWrongFlags(t *testing.T) {
	for args, want := range map[string]string{
		"bench --engines toy --keys -1":              "--keys is -1: want 1 to",
		"bench --engines toy --rounds 0":             "--rounds is 0: want 1 to",
		"bench --engines toy --threads 0":            "--threads is 0: want 1 to",
		"bench --engines toi":                        `--engines is wrong: unknown engine "toi", did you mean toy?`,
		"bench --engines toy --workloads fillrandon": `--workloads is wrong: unknown workload "fillrandon"`,
		"bench --engines toy --durability sync":      `--durability is wrong: durability "sync"`,
		"bench --engines toy --memory 1MiB":          "--memory is 1048576: want at least",
		"crash sim --engines lsm-bptre":              `--engines: unknown engine "lsm-bptre"`,
		"crash sim --profile nope":                   `--profile: profile "nope"`,
		"crash sim --bug nope":                       "--bug: ",
		"crash sim --programs -1":                    "--programs is -1: want 1 or more",
		"crash sim --depth 6":                        "--depth is 6: want 1 to 5",
		"crash sim --states 0":                       "--states is 0: want 1 or more",
		"crash sim --findings 0":                     "--findings is 0: want 1 or more",
		"crash sim --for -1s":                        "--for -1s: want a time",
		"crash sim --shard 5/3":                      `"5/3" for "--shard" flag`,
		"bench --engines toy --plan nope":            "--plan nope: no such plan",
		"bench --engines toy --data /proc/nothing":   "--data /proc/nothing: ",
		"load --engines toi --scripts ../../../k6":   `--engines is wrong: unknown engine "toi", did you mean toy?`,
		"load --engines toy --scripts .":             "--scripts .: no k6 script there",
		"load --profile nope --scripts ../../../k6":  `--profile "nope": no such profile`,
	} {
		o := lab(t, append(strings.Fields(args), "--out", filepath.Join(t.TempDir(), "run"))...)
		if o.status != exitUsage || !strings.HasPrefix(strings.Replace(o.stderr, "invalid argument ", "", 1), "lsmlab: "+want) {
			t.Errorf("%s: status %d, want %q in\n%s", args, o.status, want, o.stderr)
		}
	}
}

// TestWrongRequests: so is somebody who gave a flag of a command that keeps no run.
func TestWrongRequests(t *testing.T) {
	t.Chdir(t.TempDir())
	for args, want := range map[string]string{
		"serve":                                 "serve: --data is not given",
		"serve --data x --engine toy --log xml": `serve: --log is "xml": want text or json`,
		"backup":                                "--data is not given, and no server either",
		"backup --data x":                       "--to is not given: want a new directory",
		"backup --data x --server y":            "--server is given beside data",
		"backup --server y --to x":              "--to is x: a server makes",
		"backup --data x --to y --name z":       "--name is z: only a server",
		"trace record --out x -- bench --engines toy --keys -1": "--keys is -1: want 1 to",
	} {
		o := lab(t, strings.Fields(args)...)
		if o.status != exitUsage || !strings.HasPrefix(o.stderr, "lsmlab: "+want) {
			t.Errorf("%s: status %d, want %q in\n%s", args, o.status, want, o.stderr)
		}
	}
}
