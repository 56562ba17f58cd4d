package load

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"lsmlab/harness/internal/built"
	"lsmlab/workloads"
	"lsmlab/workloads/dist"
)

var update = flag.Bool("update", false, "write the golden file again")

const scripts = "../../k6"

// drawGolden is what the k6 library must draw.
type drawGolden struct {
	Seed   int           `json:"seed"`
	Keys   []goldenKey   `json:"keys"`
	Values []goldenValue `json:"values"`
	// Distributions are drawn by the script and judged by TestDistributions.
	Distributions []drawnBy `json:"distributions"`
}

type goldenKey struct {
	Index uint64 `json:"index"`
	Hash  string `json:"hash"`
	Key   string `json:"key"`
}

type goldenValue struct {
	Index     uint64 `json:"index"`
	Version   uint32 `json:"version"`
	ValueSize int    `json:"value_size"`
	Value     []byte `json:"value"`
}

type drawnBy struct {
	Name  string  `json:"name"`
	Keys  uint64  `json:"keys"`
	Theta float64 `json:"theta"`
	Draws int     `json:"draws"`
}

func makeDrawGolden() drawGolden {
	g := drawGolden{Seed: 20260901}
	keys := workloads.Keys{Style: workloads.YCSB, Size: 24}
	for _, i := range []uint64{0, 1, 2, 255, 256, 99_999, 1 << 24, 1<<36 - 1} {
		g.Keys = append(g.Keys, goldenKey{i, strconv.FormatUint(dist.Hash(i), 10), string(keys.Append(nil, i))})
		for n, size := range []int{16, 17, 23, 24, 100, 1000} {
			version := uint32(n) << 22
			g.Values = append(g.Values, goldenValue{i, version, size, workloads.AppendValue(nil, i, version, size, 0)})
		}
	}
	for _, name := range []string{dist.NameUniform, dist.NameZipfian, dist.NameZipfianOrdered, dist.NameLatest, dist.NameHotspot, dist.NameExponential} {
		g.Distributions = append(g.Distributions, drawnBy{name, 50, dist.YCSBTheta, 6000})
	}
	g.Distributions = append(g.Distributions, drawnBy{dist.NameZipfianOrdered, 50, 1, 6000}, drawnBy{dist.NameZipfianOrdered, 50, 1.5, 6000})
	return g
}

// The golden file is what package workloads says today.
func TestDrawGolden(t *testing.T) {
	want, err := json.MarshalIndent(makeDrawGolden(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(scripts, "testdata", "draw.json")
	if *update {
		if err := os.WriteFile(path, append(want, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, append(want, '\n')) {
		t.Error("package workloads draws otherwise than k6/testdata/draw.json; `make golden` writes it again, then make k6/lib agree")
	}
}

// The k6 library makes the same keys and values as package workloads, byte for
// byte, and refuses damaged ones; what its distributions draw, with a fixed seed,
// is told apart from what package dist draws by no chi-square test. A generator
// with another skew, off by one, or without the hash would fail it.
func TestLibraryAgrees(t *testing.T) {
	cmd := exec.Command(built.Program(t, "k6"), "run", "--quiet", "--no-color", "--address", "", "--log-format", "raw", filepath.Join(scripts, "testdata", "agree.js"))
	cmd.Env = append(os.Environ(), quiet...)
	out, err := cmd.CombinedOutput()
	_, text, ok := strings.Cut(string(out), "drawn: ")
	if err != nil || !ok {
		t.Fatalf("%v\n%s", err, out)
	}
	text, _, _ = strings.Cut(text, "\n")
	var drawn map[string][]float64
	if err := json.Unmarshal([]byte(text), &drawn); err != nil {
		t.Fatal(err)
	}
	g := makeDrawGolden()
	if len(drawn) != len(g.Distributions) {
		t.Fatalf("%d distributions drawn, want %d", len(drawn), len(g.Distributions))
	}
	for _, d := range g.Distributions {
		name := strings.Join([]string{d.Name, strconv.FormatUint(d.Keys, 10), strconv.FormatFloat(d.Theta, 'g', -1, 64)}, " ")
		if chi, limit := compareDraws(t, d, drawn[name]); chi > limit {
			t.Errorf("%s: chi-square %.1f against package dist, limit %.1f", name, chi, limit)
		}
	}
}

// compareDraws returns the chi-square statistic of two samples of one
// distribution, JavaScript's and ten times as many of Go's, and the limit that it
// exceeds in one case of a million (Wilson and Hilferty's approximation).
func compareDraws(t *testing.T, d drawnBy, counts []float64) (chi, limit float64) {
	t.Helper()
	gen, err := dist.New(d.Name, d.Keys, d.Theta, dist.NewSource(uint64(20260901), 1))
	if err != nil {
		t.Fatal(err)
	}
	const times = 10
	own := make([]float64, d.Keys)
	for range times * d.Draws {
		own[gen.Next()]++
	}
	cells := 0.0
	for i := range own {
		if own[i]+counts[i] == 0 {
			continue
		}
		cells++
		diff := math.Sqrt(times)*counts[i] - own[i]/math.Sqrt(times)
		chi += diff * diff / (own[i] + counts[i])
	}
	dof := cells - 1
	const z = 4.75
	return chi, dof * math.Pow(1-2/(9*dof)+z*math.Sqrt(2/(9*dof)), 3)
}
