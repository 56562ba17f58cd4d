package load

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"lsmlab/harness/result"
)

// recording is the recording of k6's web dashboard, which has one JSON value a line:
//
//	{"event":"param","data":{"aggregates":{"trend":["avg",...]}, ...}}
//	{"event":"metric","data":{"http_reqs":{"type":"counter"}, ...}}   names that are new
//	{"event":"snapshot","data":[[24,12], ...]}                        one period
//
// The values of a snapshot are in the order of all names so far, sorted. Each value has
// the aggregates of its metric's type, or none in a period without samples.
type recording struct {
	aggregates map[string][]string // by type
	types      map[string]string   // by metric
	names      []string            // sorted
}

// readRecording returns what k6 recorded of one cell, as timelines that start at from.
// metric is the metric of the latency.
func readRecording(path, metric string, from time.Time) (series []result.Series, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	requests, p95, p99 := result.Series{Name: result.SeriesRequests}, result.Series{Name: result.SeriesP95}, result.Series{Name: result.SeriesP99}
	users, failed := result.Series{Name: result.SeriesUsers}, result.Series{Name: result.SeriesErrors}
	r := recording{types: map[string]string{}}
	err = r.read(bufio.NewReader(f), func(of func(metric, aggregate string) (float64, bool)) {
		ms, _ := of("time", "value")
		at := time.UnixMilli(int64(ms)).Sub(from)
		if at <= 0 {
			return
		}
		add := func(s *result.Series, metric, aggregate string, scale float64) {
			if v, ok := of(metric, aggregate); ok {
				s.Add(at, v*scale)
			}
		}
		add(&requests, "requests", "rate", 1)
		add(&p95, metric, "p(95)", 1e6)
		add(&p99, metric, "p(99)", 1e6)
		add(&users, "vus", "value", 1)
		share, _ := of("failed", "rate")
		rate, ok := of("requests", "rate")
		if ok {
			failed.Add(at, share*rate)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return []result.Series{requests, p95, p99, users, failed}, nil
}

// read calls each for every snapshot, with a function that looks up values of the
// snapshot.
func (r *recording) read(in io.Reader, each func(of func(metric, aggregate string) (float64, bool))) error {
	d := json.NewDecoder(in)
	for {
		var line struct {
			Event string
			Data  json.RawMessage
		}
		if err := d.Decode(&line); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		var err error
		switch line.Event {
		case "param":
			var p struct{ Aggregates map[string][]string }
			err = json.Unmarshal(line.Data, &p)
			r.aggregates = p.Aggregates
		case "metric":
			err = r.learn(line.Data)
		case "snapshot":
			var values [][]float64
			err = json.Unmarshal(line.Data, &values)
			each(func(metric, aggregate string) (float64, bool) { return r.value(values, metric, aggregate) })
		}
		if err != nil {
			return fmt.Errorf("event %s: %w", line.Event, err)
		}
	}
}

func (r *recording) learn(data []byte) error {
	var fresh map[string]struct{ Type string }
	if err := json.Unmarshal(data, &fresh); err != nil {
		return err
	}
	for name, m := range fresh {
		r.types[name] = m.Type
		r.names = append(r.names, name)
	}
	slices.Sort(r.names)
	return nil
}

func (r *recording) value(values [][]float64, metric, aggregate string) (float64, bool) {
	i, ok := slices.BinarySearch(r.names, metric)
	j := slices.Index(r.aggregates[r.types[metric]], aggregate)
	if !ok || j < 0 || i >= len(values) || j >= len(values[i]) {
		return 0, false
	}
	return values[i][j], true
}
