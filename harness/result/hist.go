package result

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"lsmlab/harness/journal"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Geometry of every histogram: 1 ns to about an hour, three significant digits.
const (
	HistLowest  = 1
	HistHighest = 1<<42 - 1 // 73 minutes
	HistDigits  = 3
)

// Tags of the histograms of a cell. Each part of the cell has another one, "kind:NAME"
// or "role:NAME".
const (
	HistService  = "service"  // all operations, from their start
	HistIntended = "intended" // all operations, from the time when they should have started
)

// Hist is one named histogram of nanoseconds.
type Hist struct {
	Tag  string
	Hist *hdrhistogram.Histogram
}

// NewHist returns an empty histogram of the common geometry.
func NewHist() *hdrhistogram.Histogram {
	return hdrhistogram.New(HistLowest, HistHighest, HistDigits)
}

// Summarize returns the quantiles of h. Mean and Max are those of its buckets.
func Summarize(h *hdrhistogram.Histogram) Latency {
	if h == nil || h.TotalCount() == 0 {
		return Latency{}
	}
	q := h.ValueAtPercentilesSlice([]float64{50, 90, 99, 99.9})
	return Latency{P50: q[0], P90: q[1], P99: q[2], P999: q[3], Max: h.Max(), Mean: h.Mean()}
}

// WriteHists writes the histograms of one cell as an HdrHistogram interval log (format
// 1.3, V2 compressed payloads, one tagged line each), which the HdrHistogram tools of
// every language read. length is the length of the measured part. A comment line gives
// their number, so that a file that was cut short is recognised.
func WriteHists(path string, length time.Duration, hists []Hist) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "#[Histogram log format version %s]\n", hdrhistogram.HISTOGRAM_LOG_FORMAT_VERSION)
	fmt.Fprintf(&b, "#[Histograms: %d, values in nanoseconds]\n", len(hists))
	b.WriteString("\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n")
	for _, h := range hists {
		if h.Tag == "" || strings.ContainsAny(h.Tag, ", \r\n") {
			return fmt.Errorf("%s: histogram tag %q: want one word without commas", path, h.Tag)
		}
		payload, err := h.Hist.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
		if err != nil {
			return fmt.Errorf("%s: histogram %s: %w", path, h.Tag, err)
		}
		fmt.Fprintf(&b, "Tag=%s,0.000,%.3f,%.6f,%s\n", h.Tag, length.Seconds(), float64(h.Hist.Max())/1e6, payload)
	}
	return journal.WriteFile(path, b.Bytes())
}

// ReadHists reads the histograms of a file that WriteHists wrote.
func ReadHists(path string) ([]Hist, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var hists []Hist
	want := -1
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		damaged := func(what string) error { return &journal.DamageError{Path: path, Line: n, What: what} }
		switch whole := strings.HasSuffix(line, "\n"); {
		case !whole:
			return nil, damaged("the last line is torn")
		case strings.HasPrefix(line, "#[Histograms: "):
			number, _, _ := strings.Cut(line[len("#[Histograms: "):], ",")
			if want, err = strconv.Atoi(number); err != nil {
				return nil, damaged(err.Error())
			}
		case line[0] == '#' || line[0] == '"':
		default:
			h, err := parseHistLine(strings.TrimSuffix(line, "\n"))
			if err != nil {
				return nil, damaged(err.Error())
			}
			hists = append(hists, h)
		}
	}
	if len(hists) != want {
		return nil, &journal.DamageError{Path: path, Line: n, What: fmt.Sprintf("%d histograms, want %d", len(hists), want)}
	}
	return hists, nil
}

func parseHistLine(line string) (Hist, error) {
	fields := strings.Split(line, ",")
	tag, ok := strings.CutPrefix(fields[0], "Tag=")
	if !ok || len(fields) != 5 {
		return Hist{}, errors.New("not a tagged histogram line")
	}
	h, err := hdrhistogram.Decode([]byte(fields[4]))
	if err != nil {
		return Hist{}, err
	}
	return Hist{Tag: tag, Hist: h}, nil
}

// Merged returns the sum of the histograms with the given tag in files of several
// rounds, or nil if no file has one.
func Merged(tag string, files ...[]Hist) *hdrhistogram.Histogram {
	var sum *hdrhistogram.Histogram
	for _, hists := range files {
		for _, h := range hists {
			if h.Tag != tag {
				continue
			}
			if sum == nil {
				sum = NewHist()
			}
			sum.Merge(h.Hist)
		}
	}
	return sum
}
