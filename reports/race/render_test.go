package race

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lsmlab/harness/result"
	"lsmlab/reports/chart"
)

func render(t *testing.T, dir string) (html string) {
	t.Helper()
	index, err := Render(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Every chart that the page names exists in both forms, is a whole picture of a
// readable size, holds no NaN, and names machine, version and command.
func TestCharts(t *testing.T) {
	dir := smallFakeRun.write(t)
	html := render(t, dir)
	for _, kind := range []string{"throughput", "ratio", "latency", "timeline", "amplification", "resources"} {
		for _, w := range smallFakeRun.workloads {
			name := "charts/buffered-closed-t2-" + kind + "-" + w
			checkSVG(t, filepath.Join(dir, name+".svg"))
			checkPNG(t, filepath.Join(dir, name+".png"))
			if !strings.Contains(html, `href="`+name+`.svg"`) || !strings.Contains(html, `href="`+name+`.png"`) {
				t.Errorf("the page has no link to %s", name)
			}
		}
	}
	if n := strings.Count(html, "<svg "); n != 12 {
		t.Errorf("%d pictures in the page, want 12", n)
	}
	checkHTML(t, html)
}

func checkSVG(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
		return
	}
	var text strings.Builder
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return
		}
		if c, ok := tok.(xml.CharData); ok {
			text.Write(c)
			text.WriteByte(' ')
		}
	}
	for _, bad := range []string{"NaN", "Inf"} {
		if strings.Contains(string(b), bad) {
			t.Errorf("%s holds %s", path, bad)
		}
	}
	for _, want := range []string{"A CPU of 3 GHz", "0123456789ab", "lsmlab", "--engines", "buffered"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%s does not say %q", path, want)
		}
	}
	if n, sized := bytes.Count(b, []byte("<text ")), bytes.Count(b, []byte("textLength=")); n == 0 || n != sized {
		t.Errorf("%s: %d of %d texts keep their width on a machine without the font", path, sized, n)
	}
}

func checkPNG(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	c, err := png.DecodeConfig(f)
	if err != nil || c.Width < 700 || c.Height < 200 {
		t.Errorf("%s: %d x %d, %v", path, c.Width, c.Height, err)
	}
}

var (
	anchor   = regexp.MustCompile(`href="#([^"]*)"`)
	identity = regexp.MustCompile(` id="([^"]*)"`)
	external = regexp.MustCompile(`(?:src|href)="(?:https?:)?//`)
)

// checkHTML checks what a browser would not complain about.
func checkHTML(t *testing.T, html string) {
	t.Helper()
	ids := map[string]bool{}
	for _, m := range identity.FindAllStringSubmatch(html, -1) {
		if ids[m[1]] {
			t.Errorf("id %s twice", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range anchor.FindAllStringSubmatch(html, -1) {
		if !ids[m[1]] {
			t.Errorf("a link to #%s, which is not there", m[1])
		}
	}
	if external.MatchString(html) || strings.Contains(html, "url(") || strings.Contains(html, "@import") {
		t.Error("the page asks for something outside of it")
	}
	for _, bad := range []string{"NaN", "+Inf", "<no value>", "%!", "ZgotmplZ"} {
		if strings.Contains(html, bad) {
			t.Errorf("the page holds %s", bad)
		}
	}
}

// The page holds the very figures: medians over rounds, the ratio to the
// baseline, its test, the sum of the histograms.
func TestFigures(t *testing.T) {
	f := fakeRun{engines: []string{"pebble", "bbolt"}, workloads: []string{"ycsb-a"}, rounds: 4}
	f.change = func(c *result.Cell) {
		c.OpsPerSec = float64(1000 + c.Round)
		if c.Engine == "bbolt" {
			c.OpsPerSec = float64(2000 + 2*c.Round)
		}
	}
	html := render(t, f.write(t))
	for _, want := range []string{
		`data-sort="1002.5">1.00k<`, `data-sort="2005">2.00k<`, `data-sort="2">2.00×<`,
		`>87.5%<`, `data-sort="80000">80,000<`, "bbolt is fastest with 2.00k operations/s, 2.00× pebble (95% CI 2.00× to 2.00×).",
		"Better than pebble: bbolt 2.00×",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not hold %s", want)
		}
	}
}

// A control is no contender: it wins no workload, stands in a row of its own in the chart of
// ratios, and the page says what it shows and what the rounds could have shown. Engines that
// differ by less than their noise are not resolved.
func TestControl(t *testing.T) {
	f := fakeRun{engines: []string{"pebble", "pebble@again", "bbolt"}, workloads: []string{"ycsb-a"}, rounds: 5}
	f.change = func(c *result.Cell) {
		c.OpsPerSec = 1000 + float64(c.Round*7%5)
		switch c.Engine {
		case "pebble@again":
			c.OpsPerSec = 1300 - 250*float64(c.Round%3) // far from itself, in both directions
		case "bbolt":
			c.OpsPerSec = 1001 + float64(c.Round*11%7)
		}
	}
	dir := f.write(t)
	html := render(t, dir)
	for _, want := range []string{"2 storage engines", "A/A control", "one engine raced against itself: ycsb-a", "no difference is shown", "not resolved: these rounds tell 1."} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(html, "pebble@again is fastest") {
		t.Error("a control wins")
	}
	chart, err := os.ReadFile(filepath.Join(dir, "charts", "buffered-closed-t2-ratio-ycsb-a.svg"))
	if err != nil || !bytes.Contains(chart, []byte("A/A: pebble")) || !bytes.Contains(chart, []byte("not resolved")) {
		t.Errorf("the chart of ratios lacks the control, or what is not resolved: %v", err)
	}
}

// Drawn twice, and from a copy elsewhere, a run gives the same bytes; charts that
// are no longer drawn are removed, other files stay.
func TestSameBytes(t *testing.T) {
	dir := fakeRun{engines: []string{"lsm-skiplist", "pebble"}, workloads: []string{"ycsb-a"}, rounds: 2}.write(t)
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	render(t, dir)
	first := tree(t, dir)
	for _, name := range []string{"old.svg", "old.png", "mine.txt"} {
		if err := os.WriteFile(filepath.Join(dir, "charts", name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	render(t, dir)
	second := tree(t, dir)
	if _, ok := second["charts/mine.txt"]; !ok {
		t.Error("charts/mine.txt was removed")
	}
	delete(second, "charts/mine.txt")
	render(t, copied)
	for what, other := range map[string]map[string]string{"drawn again": second, "drawn from a copy": tree(t, copied)} {
		if len(other) != len(first) {
			t.Errorf("%s: %d files, want %d", what, len(other), len(first))
		}
		for name, content := range first {
			if other[name] != content {
				t.Errorf("%s: %s differs", what, name)
			}
		}
	}
}

func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Durability levels, loops and thread counts are never in one chart: every chart belongs to
// one setting, and says so.
func TestSettingsApart(t *testing.T) {
	dir := fakeRun{
		engines: []string{"pebble", "bbolt"}, workloads: []string{"ycsb-b"}, durabilities: []string{"buffered", "synced"}, threads: []int{1, 4}, rounds: 2,
		change: func(c *result.Cell) { c.SeriesFile = "" },
	}.write(t)
	html := render(t, dir)
	for _, setting := range []string{
		"Buffered, closed loop, 1 thread", "Buffered, closed loop, 4 threads", "Synced, closed loop, 1 thread", "Synced, closed loop, 4 threads",
		"Scaling over threads: buffered", "Scaling over threads: synced",
	} {
		if !strings.Contains(html, "<h2>"+setting) {
			t.Errorf("no section %q", setting)
		}
	}
	charts, err := filepath.Glob(filepath.Join(dir, "charts", "*.svg"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range charts {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		wrong := "synced, closed"
		if strings.HasPrefix(name, "synced") {
			wrong = "buffered, closed"
		}
		if strings.Contains(string(b), wrong) {
			t.Errorf("%s holds figures of another durability level", name)
		}
	}
	checkHTML(t, html)
}

// An open loop is judged by its latency from the intended start.
func TestOpenLoop(t *testing.T) {
	html := render(t, fakeRun{engines: []string{"pebble", "bbolt"}, workloads: []string{"ycsb-b"}, rounds: 4, rate: 5000}.write(t))
	for _, want := range []string{"open loop at 5,000 operations/s", "lowest p99 from the intended start", "Latency from the intended start", "Service time"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestMemTables(t *testing.T) {
	dir := fakeRun{
		engines: []string{"skiplist", "rbtree", "bptree", "badger-skl", "tidwall-btree", "google-btree", "gods-redblack", "skipmap"}, memTables: true,
		workloads: []string{"memtable-insert", "memtable-get"}, durabilities: []string{"volatile"}, threads: []int{1, 4}, rounds: 3,
		change: func(c *result.Cell) { c.SeriesFile = "" },
	}.write(t)
	html := render(t, dir)
	for _, want := range []string{"Time per operation by goroutines", "memory per entry", "one GC cycle", "÷ badger-skl", "(2 of 2)"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	checkHTML(t, html)
}

// A run that was cut is drawn as far as it got, and says what is missing.
func TestPartialRuns(t *testing.T) {
	f := smallFakeRun
	for name, c := range map[string]struct {
		skip func(result.Cell) bool
		want []string
	}{
		"one round of one engine": {
			func(c result.Cell) bool { return c.Engine != "bbolt" || c.Round > 1 },
			[]string{"2 of 24 cells have been run", "22 cells of the plan are missing", "the only engine", "fillrandom-pebble-buffered-t2-r1"},
		},
		"no baseline": {
			func(c result.Cell) bool { return c.Engine == "pebble" }, []string{"16 of 24 cells have been run"},
		},
		"nothing": {
			func(result.Cell) bool { return true }, []string{"0 of 24 cells have been run", "No cell has figures yet"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f.skip = c.skip
			html := render(t, f.write(t))
			for _, want := range c.want {
				if !strings.Contains(html, want) {
					t.Errorf("the page does not say %q", want)
				}
			}
			checkHTML(t, html)
		})
	}
}

// Cells that failed, were refused, or hold figures that can't be are on the page
// in words; no axis is drawn with them.
func TestOddCells(t *testing.T) {
	f := smallFakeRun
	f.change = func(c *result.Cell) {
		switch {
		case c.Engine == "bbolt" && c.Workload == "fillrandom":
			*c = result.Cell{
				ID: c.ID, Status: result.StatusFailed, Error: "no space <left>", Engine: c.Engine, Workload: c.Workload,
				Round: c.Round, Durability: c.Durability, Threads: c.Threads, Loop: c.Loop,
			}
		case c.Engine == "bbolt":
			*c = result.Cell{
				ID: c.ID, Status: result.StatusUnsupported, Engine: c.Engine, Workload: c.Workload,
				Round: c.Round, Durability: c.Durability, Threads: c.Threads, Loop: c.Loop,
			}
		case c.Workload == "readrandom" && c.Engine == "pebble":
			c.OpsPerSec, c.Ops, c.HistFile, c.SeriesFile = 0, 0, "", ""
			c.Latency = result.Latency{}
		case c.Round == 2:
			c.OpsPerSec, c.CPUSeconds, c.WriteAmp = -5, -1, -3
			c.RSSPeakBytes, c.GCPauseTotal, c.GCPauseMax = -1, 0, 0
		}
	}
	html := render(t, f.write(t))
	for _, want := range []string{"4 failed", "4 refused", "no space &lt;left&gt;", "which can&#39;t be", "did no operation"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	checkHTML(t, html)
}

// What is missing or damaged is named, and the page of before stays.
func TestDamage(t *testing.T) {
	truncate := func(path string) error {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, b[:len(b)/2], 0o644)
	}
	f := fakeRun{engines: []string{"pebble"}, workloads: []string{"ycsb-a"}, rounds: 1}
	for name, c := range map[string]struct {
		file   string
		damage func(string) error
		want   string
	}{
		"no plan":       {"plan.json", os.Remove, "no plan.json"},
		"cut plan":      {"plan.json", truncate, "plan.json"},
		"no env":        {"env.json", os.Remove, "env.json is missing"},
		"cut env":       {"env.json", truncate, "env.json"},
		"cut line":      {"cells.jsonl", func(p string) error { return os.WriteFile(p, []byte("{\"id\": 1\n"), 0o644) }, "cells.jsonl:1"},
		"no histogram":  {"hist/ycsb-a-pebble-buffered-t2-r1.hdr", os.Remove, "hist/ycsb-a-pebble-buffered-t2-r1.hdr is missing: cell ycsb-a-pebble-buffered-t2-r1"},
		"cut histogram": {"hist/ycsb-a-pebble-buffered-t2-r1.hdr", truncate, "r1.hdr"},
		"no series":     {"series/ycsb-a-pebble-buffered-t2-r1.tsz", os.Remove, "series/ycsb-a-pebble-buffered-t2-r1.tsz is missing"},
		"cut series":    {"series/ycsb-a-pebble-buffered-t2-r1.tsz", truncate, "r1.tsz"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := f.write(t)
			index := filepath.Join(dir, "index.html")
			if err := os.WriteFile(index, []byte("before"), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := c.damage(filepath.Join(dir, c.file)); err != nil {
				t.Fatal(err)
			}
			if _, err := Render(dir, ""); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want ...%s...", err, c.want)
			}
			if b, err := os.ReadFile(index); err != nil || string(b) != "before" {
				t.Errorf("index.html was replaced: %.20q %v", b, err)
			}
		})
	}
}

// A torn last line is a cut run, not damage.
func TestTornLine(t *testing.T) {
	dir := fakeRun{engines: []string{"pebble"}, workloads: []string{"ycsb-a"}, rounds: 2, change: func(c *result.Cell) { c.SeriesFile, c.HistFile = "", "" }}.write(t)
	path := filepath.Join(dir, "cells.jsonl")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b[:len(b)-9], 0o644); err != nil {
		t.Fatal(err)
	}
	html := render(t, dir)
	if !strings.Contains(html, "torn last line") || strings.Contains(html, dir) {
		t.Error("the page says nothing of the torn line, or where it was drawn")
	}
}

func TestAA(t *testing.T) {
	dir := fakeRun{engines: []string{"pebble", "pebble-again"}, workloads: []string{"ycsb-a"}, rounds: 2, change: func(c *result.Cell) { c.SeriesFile = "" }}.write(t)
	path := filepath.Join(dir, "env.json")
	var e result.Env
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &e)
	}
	if err != nil {
		t.Fatal(err)
	}
	e.Engines[1].Summary = e.Engines[0].Summary
	if err := result.WriteEnv(dir, e); err != nil {
		t.Fatal(err)
	}
	if html := render(t, dir); !strings.Contains(html, "A/A: pebble and pebble-again") {
		t.Error("no A/A note")
	}
}

func TestBaseline(t *testing.T) {
	dir := fakeRun{engines: []string{"pebble", "bbolt"}, workloads: []string{"ycsb-a"}, rounds: 2, change: func(c *result.Cell) { c.SeriesFile = "" }}.write(t)
	if _, err := Render(dir, "nosuch"); err == nil || !strings.Contains(err.Error(), "nosuch") || !strings.Contains(err.Error(), "bbolt") {
		t.Errorf("got %v", err)
	}
	index, err := Render(dir, "bbolt")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(index)
	if err != nil || !strings.Contains(string(b), "Ratio to bbolt") {
		t.Errorf("no ratio to bbolt: %v", err)
	}
}

// Engines look alike in no run: no two share colour and marker, and a filled
// marker is always one of ours.
func TestLooks(t *testing.T) {
	engines := append(slices.Clone(fakeEngines), "rocksdb", "a", "b", "c", "lsm-d", "e", "f", "g", "h")
	looks := chart.LooksOf(engines, result.Env{}.IsOwn)
	for i, a := range engines {
		for _, b := range engines[:i] {
			x, y := looks[a], looks[b]
			if x.Color == y.Color && slices.Equal(x.Shape, y.Shape) {
				t.Errorf("%s looks like %s", a, b)
			}
		}
	}
	if !looks["lsm-rbtree"].Own || looks["pebble"].Own || looks["lsm-rbtree"].Dashes != nil || looks["pebble"].Dashes == nil {
		t.Error("own engines are not told from peers")
	}
	other := chart.LooksOf([]string{"bbolt", "lsm-rbtree"}, result.Env{}.IsOwn)
	if other["bbolt"].Color != looks["bbolt"].Color {
		t.Error("bbolt changes its colour from run to run")
	}
}

func TestChunks(t *testing.T) {
	var engines []string
	for _, n := range []int{1, 7, 8, 13, 14, 30} {
		engines = engines[:0]
		for i := range n {
			engines = append(engines, string(rune('a'+i)))
		}
		seen := map[string]bool{}
		for _, part := range chart.Chunks(engines, "c") {
			if len(part) > chart.MaxSeries {
				t.Errorf("%d engines: a part of %d", n, len(part))
			}
			for _, e := range part {
				seen[e] = true
			}
		}
		if len(seen) != n {
			t.Errorf("%d engines: %d in the parts", n, len(seen))
		}
	}
}

// A plan with targets has them on its page, with the verdict.
func TestTargets(t *testing.T) {
	dir := fakeRun{engines: []string{"lsm-bptree", "pebble"}, workloads: []string{"fillrandom"}, rounds: 3}.write(t)
	plan, err := result.ReadPlan(filepath.Join(dir, "plan.json"))
	if err != nil {
		t.Fatal(err)
	}
	plan.Targets = &result.Targets{Own: []string{"lsm-bptree"}, Lines: []result.TargetLine{
		{Name: "as good as <Pebble>", Workload: "fillrandom", Ratio: 1e-6}, {Name: "beyond reach", Workload: "fillrandom", Ratio: 1e6},
	}}
	if err := result.WritePlan(dir, plan); err != nil {
		t.Fatal(err)
	}
	index, err := Render(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`<th scope="row">as good as &lt;Pebble&gt;</th><td>lsm-bptree</td>.*<td>met</td></tr>\s*<tr><th scope="row">beyond reach</th>.*<td>not met</td></tr>`)
	if !row.Match(page) {
		t.Error("the page lacks the targets or their verdicts")
	}
}

// Workloads that are one but for their number of keys are drawn over it.
func TestGrowth(t *testing.T) {
	sizes := map[string]int64{"reads-small": 1000, "reads-large": 1_000_000, "fillrandom": 100_000}
	dir := fakeRun{
		engines: []string{"lsm-bptree", "pebble"}, workloads: []string{"reads-large", "reads-small", "fillrandom"}, rounds: 2,
		change: func(c *result.Cell) { c.Keys = sizes[c.Workload] },
	}.write(t)
	plan, err := result.ReadPlan(filepath.Join(dir, "plan.json"))
	if err != nil {
		t.Fatal(err)
	}
	plan.WorkloadOptions = map[string]map[string]any{
		"reads-small": {"workload": "readrandom", "keys": 1000}, "reads-large": {"workload": "readrandom", "keys": 1_000_000},
	}
	if err := result.WritePlan(dir, plan); err != nil {
		t.Fatal(err)
	}
	if _, err := Render(dir, ""); err != nil {
		t.Fatal(err)
	}
	drawn, err := filepath.Glob(filepath.Join(dir, "charts", "*-growth-*.svg"))
	if err != nil || len(drawn) != 1 || !strings.Contains(drawn[0], "readrandom") {
		t.Fatalf("charts over keys: %v, %v; want one, of readrandom", drawn, err)
	}
	svg, err := os.ReadFile(drawn[0])
	if err != nil || !strings.Contains(string(svg), "1.00k") || !strings.Contains(string(svg), "1.00M") {
		t.Errorf("the axis lacks 1.00k or 1.00M keys: %v", err)
	}
}

// Transactions have charts of their own, and those that differ only in skew one of
// commits and one of aborts by contention, apart by isolation level.
func TestTransactions(t *testing.T) {
	f := fakeRun{engines: []string{"lsm-skiplist", "pebble"}, workloads: []string{"bank-0", "bank-0.9", "bank-s", "fillrandom"}, rounds: 3}
	f.change = func(c *result.Cell) {
		if c.Workload == "fillrandom" {
			return
		}
		x := &result.Transactions{Isolation: "snapshot", Distribution: "zipfian", Commits: 100, CommitsPerSec: c.OpsPerSec, Conflicts: 7, Retries: 7, AbortRate: 0.07}
		switch c.Workload {
		case "bank-0.9":
			x.Theta = 0.9
		case "bank-s":
			x.Isolation = "serializable"
		}
		x.CommitLatency.P999 = 12_000
		c.Transactions = x
	}
	dir := f.write(t)
	plan, err := result.ReadPlan(filepath.Join(dir, "plan.json"))
	if err != nil {
		t.Fatal(err)
	}
	plan.WorkloadOptions = map[string]map[string]any{}
	for _, w := range f.workloads[:3] {
		plan.WorkloadOptions[w] = map[string]any{"workload": "smallbank"}
	}
	if err := result.WritePlan(dir, plan); err != nil {
		t.Fatal(err)
	}
	if _, err := Render(dir, ""); err != nil {
		t.Fatal(err)
	}
	for pattern, want := range map[string]int{
		"contention-commits-smallbank-snapshot": 1, "contention-abort-rate-smallbank-snapshot": 1, "contention-*-smallbank-serializable": 0,
		"transactions-bank-s": 1, "transactions-fillrandom": 0,
	} {
		drawn, err := filepath.Glob(filepath.Join(dir, "charts", "*-"+pattern+".svg"))
		if err != nil || len(drawn) != want {
			t.Errorf("charts of %s: %q, %v; want %d", pattern, drawn, err, want)
		}
	}
	html, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"isolation level serializable", "abort rate", "p99.9 of commit", "skew 0.9"} {
		if !strings.Contains(string(html), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}
