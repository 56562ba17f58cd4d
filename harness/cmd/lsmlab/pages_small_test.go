package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"lsmlab/engines"
	"lsmlab/harness/cmd/inventory"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
)

// small says what each flag is set to, wherever a command has it, so that a line
// of a page ends within a second or so. Beside --states, a command that explores
// for hours or records many times is small by it without a line here.
var small = map[string]string{
	"states": "20", "rounds": "1", "recordings": "1", "duration": "20ms", "keys": "300", "ops": "300",
	"in-process": "50ms", "disk-size": "32M", "addr": "127.0.0.1:0",
}

// smallIfGiven is the same of flags that mean something by being there.
var smallIfGiven = map[string]string{
	"for": "1s", "programs": "1", "rate": "2000", "resp-addr": "127.0.0.1:0", "admin-addr": "127.0.0.1:0",
}

// firsts are flags of lists of which the first is taken. The others are looked up.
var firsts = map[string]func(string) error{
	"engines": func(name string) error { _, err := engines.Lookup(name); return err },
	"fs":      func(name string) error { _, err := disk.LookupFileSystem(name); return err },
	"profile": func(name string) error { _, err := explore.ParseProfile(name); return err },
}

// k6Small are settings of every load.
const k6Small = "USERS=20,SECONDS=1,WARMUP=0,KEYS=200,THINK=0.5,RATE=20,STEPS=2,P95_MS=60000"

// placeholders are words of pages that stand for something of the reader's; the
// test makes what they become.
var placeholders = []struct {
	word *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`^(DB_DIR|/var/lib/mystore)$`), "store"},
	{regexp.MustCompile(`^/tmp/`), "served-"},
	{regexp.MustCompile(`^/backup/`), "backup-"},
	{regexp.MustCompile(`^/var/lib/restored$`), "restored"},
	{regexp.MustCompile(`^(FINDING_DIR|results/crash-sim-[^/]*/findings/.*)$`), "FINDING"},
	{regexp.MustCompile(`^results/crash-disk-(\.\.\.|[0-9-]+)$`), "results/recorded"},
	{regexp.MustCompile(`^(DIR|results/(sustained|growth|threads|peers|peers-tables)-now)$`), "results/quick"},
	{regexp.MustCompile(`^copy/state$`), "FINDING/state"},
	{regexp.MustCompile(`^history.jsonl$`), "FINDING/history.jsonl"},
}

// exception is how lines are run that can't be run as they are.
type exception struct {
	line   *regexp.Regexp // of "page: words of the command"
	why    string
	not    bool     // not run: why says what runs it, or why nothing does
	whole  bool     // not made small
	more   []string // arguments
	status []int    // that are right; default 0
	says   string
}

var (
	either = []int{exitSound, exitFinding}
	fits   = regexp.MustCompile
)

// exceptions has them; of several that fit, the last counts.
var exceptions = []exception{
	{line: fits(`\(console\): `), not: true, why: "TestReadme of harness/httpd runs it and compares the answer"},
	{line: fits(`ADDING\.md: go (test|run) `), not: true, why: "TestAddingPage of engines/lsm/memtable runs it, in a tree with that MemTable"},
	{line: fits(`bench --plan (sustained|growth|peers-tables|lasting) `), whole: true, more: []string{"--print-plan"}, why: "takes up to 50 million keys, or many rates: its plan is checked"},
	{line: fits(`bench --plan (threads|peers|transactions) `), whole: true, more: []string{"--print-plan", "--engines", "lsm-bptree,pebble"}, why: "takes minutes, and RocksDB: its plan is checked"},
	{line: fits(`crash replay|--log results/`), status: either, why: "few states may show again what was found, or not"},
	{line: fits(`crash check `), more: []string{"--engine", "lsm-skiplist", "--small"}, status: []int{exitFinding}, why: "the store is that of the planted finding"},
	{line: fits(`crash (disk|files) .*--fail `), status: either, why: "this program does not look at what fails"},
	{line: fits(`corpus/try|bin/try `), not: true, why: "the corpus tests of tiers disk and files build and run every kind"},
	{line: fits(`crash files .*--log results/`), not: true, why: "TestCrashFiles explores what it recorded again"},
	{line: fits(`--bug |crash (sim|disk|files) --engines (pebble|goleveldb|badger).*--profile`), status: either, why: "few states may show what the page tells, or not"},
	{line: fits(`crash disk .*--bug `), more: []string{"--states", "1"}, status: either, why: "a finding is shrunk by 25 recordings; TestPlantedBugsDisk finds them"},
	{line: fits(`echo ack \$i`), status: []int{exitFinding}, says: "lost ", why: "this program forgets a sync"},
	{line: fits(`isolation (replay|convert) |isolation check .*history\.jsonl`), not: true, why: "TestIsolation runs it on a run of its own"},
	{line: fits(`: \S*lsmlab isolation (--|$)`), more: []string{"--scripts", "1", "--engines", "badger"}, status: either, why: "all engines take a minute"},
	{line: fits(`lsmlab trace |bench --plan results/model/`), not: true, why: "TestTraceOfService and TestTraceOfRace record, replay and fit, and read the plan of a fit"},
	{line: fits(`isolation --engines rocksdb`), not: true, why: "RocksDB is built by its tag alone"},
	{line: fits(`lsmlab verdict (--engines |results/)`), not: true, why: "TestVerdict runs it, of two engines, and takes what that made"},
	{line: fits(`lsmlab backup --server `), not: true, why: "TestCheckpoint asks a service, TestBackupWrongUse one that is not there"},
	{line: fits(`crash vm `), more: []string{"--init", "missing"}, status: []int{exitUsage}, says: "missing", why: "a machine boots for 5 seconds: flags and names are checked; TestCrashVM boots"},
}

// comment is what a page says behind a command.
var comment = regexp.MustCompile(`\s#\s.*`)

// exceptionOf returns how the line is run.
func exceptionOf(l pageLine) (e exception) {
	for _, x := range exceptions {
		if x.line.MatchString(l.key()) {
			e = x
		}
	}
	switch {
	case e.status != nil:
	case strings.Contains(comment.FindString(l.text), "finding"):
		e.status = either
	default:
		e.status = []int{exitSound}
	}
	return e
}

// key is what exceptions are found by.
func (l pageLine) key() string { return l.page + ": " + strings.Join(l.words, " ") + " " }

// reduced returns the arguments of lsmlab made small.
func reduced(l pageLine, finding string, whole bool) (args []string, err error) {
	for _, w := range l.words[1:] {
		for _, p := range placeholders {
			if p.word.MatchString(w) {
				w = strings.ReplaceAll(p.word.ReplaceAllString(w, p.with), "FINDING", finding)
			}
		}
		args = append(args, w)
	}
	c, flags, err := (&app{catalog: inventory.Catalog()}).root().Find(args)
	if err != nil {
		return nil, err
	}
	if whole {
		return args, nil
	}
	if err := c.ParseFlags(flags); err != nil {
		return nil, err
	}
	given := map[string]string{}
	c.Flags().Visit(func(f *pflag.Flag) { given[f.Name] = strings.Trim(f.Value.String(), "[]") })
	for name, value := range small {
		if c.Flags().Lookup(name) != nil {
			given[name] = value
		}
	}
	for name, value := range smallIfGiven {
		if given[name] != "" {
			given[name] = value
		}
	}
	names := c.Flags().Args()
	switch words := strings.Fields(c.CommandPath()); words[1] {
	case "crash":
		err = smallCrash(c.Name(), given)
	case "isolation":
		if given["crash"] == "" { // which has the states
			delete(given, "states")
		}
	case "load":
		given["engines"], _, _ = strings.Cut(given["engines"], ",")
		given["set"] = strings.Trim(given["set"]+","+k6Small, ",")
	case "study":
		delete(given, "quick")
		given["size"] = "tiny"
		if names[0] == "all" {
			names[0] = "locks" // TestStudyAll runs all
		}
	case "bench":
		if given["memtables"] != "" { // which has no such flags
			delete(given, "duration")
			delete(given, "ops")
		}
		if given["sustain"] != "" { // which tries all rates for the same time
			delete(given, "ops")
		}
	}
	if err != nil {
		return nil, err
	}
	args = append(strings.Fields(c.CommandPath())[1:], names...)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		args = append(args, "--"+name+"="+given[name])
	}
	return args, nil
}

// smallCrash makes the flags of a crash command small.
func smallCrash(name string, given map[string]string) error {
	for flag, known := range firsts {
		list := strings.Split(given[flag], ",")
		for _, one := range list {
			if one != "" && known(one) != nil {
				return fmt.Errorf("--%s: %w", flag, known(one))
			}
		}
		if list[0] != "" {
			given[flag] = list[0]
		}
	}
	if name == "sim" && given["programs"] != "" {
		given["no-short"] = "true" // there are five hundred short programs
	}
	if given["workload-cmd"] == "" {
		delete(given, "recordings") // which are of a program
	}
	if given["reopen-cmd"] != "" {
		given["reopen-cmd"] = "true"
	}
	own := false
	for _, flag := range []string{"workload-cmd", "check-cmd", "log"} {
		own = own || given[flag] != ""
		if v := given[flag]; v == "CMD" || strings.HasPrefix(v, "./") {
			given[flag] = "./" + flag
		}
	}
	if name == "disk" && !own && given["engines"] == "" {
		given["engines"] = "lsm-bptree"
	}
	return nil
}

// What a page tells wrongly is refused before anything runs.
func TestReducedRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"lsmlab crash sim --frob 3":                 "unknown flag",
		"lsmlab crash sim --states many":            "invalid argument",
		"lsmlab crash disk --engines pebble,peble":  "peble",
		"lsmlab crash disk --fs ext4,fat":           "fat",
		"lsmlab crash sim --profile drop-all,polar": "polar",
	} {
		if args, err := reduced(splitLines("p", line, false)[0], "", false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q, %v", line, args, err)
		}
	}
	got, err := reduced(splitLines("p", "bin/lsmlab crash sim --for 8h --engines lsm-bptree,pebble --out x", false)[0], "", false)
	if want := []string{"crash", "sim", "--engines=lsm-bptree", "--for=1s", "--out=x", "--states=20"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}
