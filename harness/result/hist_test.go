package result

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lsmlab/harness/journal"

	"github.com/HdrHistogram/hdrhistogram-go"
)

func writeTestHists(t *testing.T) (path string, hists []Hist) {
	t.Helper()
	for _, tag := range []string{HistService, HistIntended, "kind:read", "role:writer", "empty"} {
		h := NewHist()
		for i := int64(1); i < 10_000 && tag != "empty"; i++ {
			if err := h.RecordValue(i * i); err != nil {
				t.Fatal(err)
			}
		}
		hists = append(hists, Hist{tag, h})
	}
	path = filepath.Join(t.TempDir(), "x.hdr")
	if err := WriteHists(path, 1500*time.Millisecond, hists); err != nil {
		t.Fatal(err)
	}
	return path, hists
}

func TestHistsRoundTrip(t *testing.T) {
	path, want := writeTestHists(t)
	got, err := ReadHists(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d histograms, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i].Tag != want[i].Tag || !got[i].Hist.Equals(want[i].Hist) {
			t.Errorf("histogram %s differs from %s as written", got[i].Tag, want[i].Tag)
		}
	}
	if sum := Merged(HistService, got, got); sum.TotalCount() != 2*want[0].Hist.TotalCount() {
		t.Errorf("two rounds merge to %d values", sum.TotalCount())
	}
}

// The file is an ordinary interval log: the library's own reader takes it.
func TestHistsAreAnIntervalLog(t *testing.T) {
	path, want := writeTestHists(t)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := hdrhistogram.NewHistogramLogReader(f)
	for _, w := range want {
		h, err := r.NextIntervalHistogram()
		if err != nil || h == nil {
			t.Fatalf("histogram %s: %v %v", w.Tag, h, err)
		}
		if h.Tag() != w.Tag || h.ValueAtQuantile(99) != w.Hist.ValueAtQuantile(99) {
			t.Errorf("read %s with p99 %d, want %s with %d", h.Tag(), h.ValueAtQuantile(99), w.Tag, w.Hist.ValueAtQuantile(99))
		}
	}
}

func TestHistsDamage(t *testing.T) {
	path, _ := writeTestHists(t)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(b), "\n")
	for name, content := range map[string]string{
		"torn line":      string(b[:len(b)-5]),
		"missing line":   strings.Join(lines[:5], ""),
		"no count":       strings.Join(append([]string{lines[0]}, lines[2:]...), ""),
		"broken payload": strings.Replace(string(b), "HISTFAAA", "HISTFBBB", 1),
		"not a line":     string(b) + "hello\n",
		"empty":          "",
	} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := ReadHists(path)
		if damage := new(journal.DamageError); !errors.As(err, &damage) || damage.Path != path {
			t.Errorf("%s: got %v, want damage of %s", name, err, path)
		}
	}
}

func TestSummarize(t *testing.T) {
	if got := Summarize(NewHist()); got != (Latency{}) {
		t.Errorf("empty: %+v", got)
	}
	h := NewHist()
	for i := int64(1); i <= 1000; i++ {
		if err := h.RecordValue(i); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := Summarize(h), (Latency{P50: 500, P90: 900, P99: 990, P999: 999, Max: 1000, Mean: 500.5}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
