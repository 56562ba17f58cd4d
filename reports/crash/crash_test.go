package crash

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/rundir"
	"lsmlab/reports/internal/browsertest"
)

// fakeRun writes a run directory with all that a page can show.
func fakeRun(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	started := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	d, err := rundir.Create(dir, rundir.Run{
		Tier: "sim", Command: "lsmlab crash sim --engines lsm-skiplist,pebble --seed 7 --out results/crash", Seed: 7,
		Versions: map[string]string{"go": "go1.26", "pebble": "v2.1.7"}, Started: started, Ended: started.Add(90 * time.Second),
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, engine := range []string{"lsm-skiplist", "lsm-rbtree", "lsm-bptree", "pebble"} {
		for k, p := range explore.Profiles() {
			c := rundir.Cell{Key: rundir.Key{Engine: engine, FileSystem: "model", Profile: string(p)}, Seconds: 12.5}
			n := int64(1000 * (i + 1) * (k + 1))
			c.Counts = explore.Counts{
				Programs: 40, Explored: 3 * n, Distinct: n, Depths: []int64{n / 2, n / 2},
				Coverage: map[string]int64{"write wal": n / 2, "sync wal": n / 5, "create table": 7, "rename current": 3, "syncdir dir": n / 9, "write manifest": n / 10},
			}
			if p == explore.LyingDisk {
				c.Violations = map[string]int64{"lost": 12, "hole": 3}
			}
			if err := d.AddCell(c); err != nil {
				t.Fatal(err)
			}
		}
	}
	bug := rundir.Key{Engine: "lsm-skiplist", FileSystem: "model", Profile: "ext4-ordered", Bug: "skip-wal-sync"}
	c := rundir.Cell{Key: bug, Seconds: 1, Counts: explore.Counts{Explored: 90, Distinct: 30, Violations: map[string]int64{"lost": 1}}}
	if err := d.AddCell(c); err != nil {
		t.Fatal(err)
	}
	if _, err := d.AddFinding(fakeFinding(bug)); err != nil {
		t.Fatal(err)
	}
	return dir
}

const buffered, synced = 1, 2 // durability levels, see kv.Durability

func fakeFinding(key rundir.Key) rundir.Finding {
	h := &oracle.History{}
	var outcomes []oracle.Outcome
	for i := range int64(24) {
		w := oracle.Write{Writer: int(i % 2), Durability: synced, Begin: 6 * i, Ack: 6*i + 8}
		if i%5 == 0 {
			w.Durability = buffered
		}
		if i == 23 {
			w.Ack = oracle.Never
		}
		h.Writes = append(h.Writes, w)
		outcomes = append(outcomes, []oracle.Outcome{oracle.OutcomeThere, oracle.OutcomeThere, oracle.OutcomeMissing, oracle.OutcomeUnknown, oracle.OutcomeTorn}[max(0, int(i)-19)])
	}
	return rundir.Finding{
		Tier: "sim", Key: key, Rule: oracle.RuleLost, Detail: `write 21 (writer 1, 1 operations, synced, acknowledged) is not there: key "key21" shows nothing`,
		Weakest: explore.DropAll, Cut: oracle.Cut{Position: 150}, Depth: 2, Before: "write db/000002.wal [4096,+64)",
		Lost: []rundir.Loss{{
			What: "bytes 4096 to 8192 of db/000002.wal are those of version 0 of 1", Operation: "write db/000002.wal [4096,+64)",
			Stack: []string{"lsmlab/engines/lsm/wal.(*Writer).flush (commit.go:88)", "lsmlab/engines/lsm.(*DB).Apply (commit.go:40)"},
		}},
		Outcomes: outcomes, History: h, Program: "set key21=value synced\n", Choices: explore.Choices{{N: 2}},
		Chain: &rundir.Chain{
			Damage:  []string{"000007.sst block 0: checksum 00000001, want 00000002", "manifest: record 3: cut short"},
			Flushed: 16, Last: 20, Tail: "000002.wal offset 4096: checksum, 0 sound records after it",
			Links: []rundir.Link{
				{File: "000004.sst", Place: "L1", Bytes: 5000, First: 1, Last: 9},
				{File: "000007.sst", Place: "L0", Bytes: 4096, First: 10, Last: 16, Damage: "000007.sst block 0: checksum 00000001, want 00000002"},
				{File: "000002.wal", Place: "wal", Bytes: 8192, First: 12, Last: 20},
				{File: "000003.wal", Place: "wal", Bytes: 8192, First: 21, Last: 20},
			},
		},
	}
}

func TestPage(t *testing.T) {
	dir := fakeRun(t)
	index, err := Render(dir)
	if err != nil {
		t.Fatal(err)
	}
	html, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"lsm-rbtree", "crash replay", "skip-wal-sync", "000007.sst block 0", "record 3: cut short", "wal.(*Writer).flush", "Torn tail of the log",
		"It takes 2 crashes", "no bug of an engine", "--seed 7",
	} {
		if !strings.Contains(string(html), want) {
			t.Errorf("index.html does not say %q", want)
		}
	}
	for _, name := range []string{"verdicts", "states", "coverage-pebble", "finding-001-history", "finding-001-chain"} {
		for _, suffix := range []string{".svg", ".png"} {
			if info, err := os.Stat(filepath.Join(dir, "charts", name+suffix)); err != nil || info.Size() < 1000 {
				t.Errorf("chart %s%s: %v, %v", name, suffix, info, err)
			}
		}
	}
	again, err := Render(dir)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := os.ReadFile(again); err != nil || string(second) != string(html) {
		t.Errorf("drawn again the page is another one (%v)", err)
	}
}

// The page in a real browser: all that the page is for is there to be seen, with
// something in it.
func TestPageInBrowser(t *testing.T) {
	ctx := browsertest.Open(t)
	index, err := Render(fakeRun(t))
	if err != nil {
		t.Fatal(err)
	}
	browsertest.CheckPage(ctx, t, index, "crash", 8)
	for group, text := range map[string]string{
		"verdicts": "skip-wal-sync", "states": "explored", "coverage": "syncdir", "finding-001": "writer 1",
	} {
		js := fmt.Sprintf(`[...document.querySelectorAll("#%s figure svg text")].map((e) => e.textContent).join("\n")`, group)
		if shown := browsertest.Eval[string](ctx, t, js); !strings.Contains(shown, text) {
			t.Errorf("the charts of %s do not show %q: %q", group, text, shown)
		}
	}
	chain := browsertest.Eval[string](ctx, t, `document.querySelector("#finding-001 figure:last-of-type").textContent`)
	for _, file := range []string{"L0 000007.sst", "wal 000002.wal"} {
		if !strings.Contains(chain, file) {
			t.Errorf("the chain does not show %s: %q", file, chain)
		}
	}
}

func TestEmptyRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := rundir.Create(dir, rundir.Run{Tier: "disk", Stopped: true}); err != nil {
		t.Fatal(err)
	}
	if !Is(dir) || Is(t.TempDir()) {
		t.Error("run directories are not told from others")
	}
	index, err := Render(dir)
	if err != nil {
		t.Fatal(err)
	}
	if html, err := os.ReadFile(index); err != nil || !strings.Contains(string(html), "No cell has ended yet") {
		t.Errorf("the page of an empty run: %v", err)
	}
	if _, err := Render(t.TempDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no run directory: %v", err)
	}
}

// TestStates: no state is a part, so that a small number has no decimals.
func TestStates(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 3: "3", 42: "42", 999: "999", 1096: "1.10k"} {
		if got := states(n); got != want {
			t.Errorf("%d is %s", n, got)
		}
	}
}
