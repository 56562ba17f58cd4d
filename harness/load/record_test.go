package load

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lsmlab/harness/result"
)

// What the dashboard of k6 v1.8.1 records: a metric that joins later moves the
// others, and a period without samples has empty values.
const recorded = `{"event":"param","data":{"period":1000,"aggregates":{"counter":["count","rate"],"gauge":["value"],"rate":["rate"],"trend":["avg","max","med","min","p(90)","p(95)","p(99)"]}}}
{"event":"metric","data":{"time":{"type":"gauge","contains":"time"}}}
{"event":"start","data":[[1000]]}
{"event":"metric","data":{"requests":{"type":"counter"},"http_req_duration":{"type":"trend","contains":"time"}}}
{"event":"snapshot","data":[[2,9,1,1,4,5,6],[20,10],[1500]]}
{"event":"snapshot","data":[[2,9,1,1,4,5,6],[40,40],[3000]]}
{"event":"metric","data":{"failed":{"type":"rate"},"vus":{"type":"gauge"}}}
{"event":"snapshot","data":[[0.25],[2,9,1,1,4,7,8],[80,80],[4000],[3]]}
{"event":"cumulative","data":[[0.5],[2,9,1,1,4,7,8],[80,80],[4000],[3]]}
{"event":"snapshot","data":[[],[],[],[5000],[3]]}
{"event":"stop","data":[[],[],[],[5000],[3]]}
`

func TestRecording(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k6.ndjson")
	if err := os.WriteFile(path, []byte(recorded), 0o644); err != nil {
		t.Fatal(err)
	}
	all, err := readRecording(path, "http_req_duration", time.UnixMilli(2000))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]struct {
		millis []int64
		values []float64
	}{
		result.SeriesRequests: {[]int64{1000, 2000}, []float64{40, 80}},
		result.SeriesP95:      {[]int64{1000, 2000}, []float64{5e6, 7e6}},
		result.SeriesP99:      {[]int64{1000, 2000}, []float64{6e6, 8e6}},
		result.SeriesUsers:    {[]int64{2000, 3000}, []float64{3, 3}},
		result.SeriesErrors:   {[]int64{1000, 2000}, []float64{0, 20}},
	}
	if len(all) != len(want) {
		t.Fatalf("%d series", len(all))
	}
	for _, s := range all {
		w := want[s.Name]
		if !slices.Equal(s.Millis, w.millis) || !slices.Equal(s.Values, w.values) {
			t.Errorf("%s: %v %v, want %v %v", s.Name, s.Millis, s.Values, w.millis, w.values)
		}
	}
}

// A recording that was cut is an error that names the file.
func TestRecordingDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k6.ndjson")
	if err := os.WriteFile(path, []byte(recorded[:len(recorded)-40]), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readRecording(path, "http_req_duration", time.UnixMilli(0)); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
}
