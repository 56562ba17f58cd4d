package target

import (
	"strings"
	"testing"

	"lsmlab/harness/result"
)

// cellsOf returns a sound cell for each throughput.
func cellsOf(engine, workload string, values ...float64) (cells []result.Cell) {
	for i, v := range values {
		cells = append(cells, result.Cell{
			Status: result.StatusOK, Round: i + 1, Engine: engine, Workload: workload, Durability: "buffered", Threads: 1, OpsPerSec: v, OpenSeconds: 1 / v,
		})
	}
	return cells
}

// The best of ours is held against the best peer, whichever way is better.
func TestEvaluate(t *testing.T) {
	var cells []result.Cell
	for engine, values := range map[string][]float64{
		"ours-a": {100, 110, 90}, "ours-b": {200, 220, 180}, "peer-a": {80, 88, 72}, "peer-b": {100, 110, 90},
		"peer-b@again": {1000, 1100, 900}, // a control is no peer
	} {
		cells = append(cells, cellsOf(engine, "work", values...)...)
	}
	cells = append(cells, cellsOf("ours-a", "alone", 5)...)
	cells = append(cells, result.Cell{Status: result.StatusFailed, Engine: "peer-a", Workload: "alone", OpsPerSec: 1})
	for _, c := range []struct {
		line      result.TargetLine
		own, peer string
		verdict   string
		better    float64
	}{
		{result.TargetLine{Workload: "work", Ratio: 1.99}, "ours-b", "peer-b", Met, 2},
		{result.TargetLine{Workload: "work", Ratio: 2.01}, "ours-b", "peer-b", NotMet, 2},
		{result.TargetLine{Workload: "work", Ratio: 2.4, Peers: []string{"peer-a"}}, "ours-b", "peer-a", Met, 2.5},
		{result.TargetLine{Workload: "work", Ratio: 1.1, Own: []string{"ours-a"}}, "ours-a", "peer-b", NotMet, 1},
		{result.TargetLine{Workload: "work", Ratio: 1.9, Figure: "open_seconds"}, "ours-b", "peer-b", Met, 2},
		{result.TargetLine{Workload: "work", Most: 0.006, Figure: "open_seconds"}, "ours-b", "", Met, 0},
		{result.TargetLine{Workload: "work", Most: 0.004, Figure: "open_seconds"}, "ours-b", "", NotMet, 0},
		{result.TargetLine{Workload: "work", Over: "alone", Ratio: 10, Own: []string{"ours-a"}}, "ours-a", "ours-a, alone", Met, 20},
		{result.TargetLine{Workload: "work", Over: "alone", Ratio: 10}, "ours-b", "", NotMeasured, 0},
		{result.TargetLine{Workload: "alone", Ratio: 1}, "ours-a", "", NotMeasured, 0},
		{result.TargetLine{Workload: "work", Ratio: 1, Threads: 2}, "", "", NotMeasured, 0},
		{result.TargetLine{Workload: "work", Ratio: 1, Durability: "synced"}, "", "", NotMeasured, 0},
	} {
		run := result.Run{Cells: cells, Plan: result.Plan{Targets: &result.Targets{Own: []string{"ours-a", "ours-b"}, Lines: []result.TargetLine{c.line}}}}
		row := Evaluate(run)[0]
		if row.Own != c.own || row.Peer != c.peer || row.Verdict != c.verdict || row.Better.Value < c.better*0.999 || row.Better.Value > c.better*1.001 {
			t.Errorf("%+v: %s over %s is %.3f, %s; want %s over %s, %.3f, %s",
				c.line, row.Own, row.Peer, row.Better.Value, row.Verdict, c.own, c.peer, c.better, c.verdict)
		}
	}
	if rows := Evaluate(result.Run{Cells: cells}); rows != nil {
		t.Errorf("a plan without targets has %v", rows)
	}
}

// The roles of readwhilewriting are judged apart.
func TestRoles(t *testing.T) {
	cell := func(engine string, reader, writer float64) result.Cell {
		return result.Cell{Status: result.StatusOK, Engine: engine, Workload: "rww", Roles: []result.Part{
			{Name: "reader", OpsPerSec: reader}, {Name: "writer", OpsPerSec: writer},
		}}
	}
	run := result.Run{Cells: []result.Cell{cell("ours", 30, 5), cell("peer", 10, 10)}}
	run.Plan.Targets = &result.Targets{Own: []string{"ours"}, Lines: []result.TargetLine{
		{Workload: "rww", Figure: "reader_ops_per_sec", Ratio: 2}, {Workload: "rww", Figure: "writer_ops_per_sec", Ratio: 2},
	}}
	rows := Evaluate(run)
	if rows[0].Verdict != Met || rows[1].Verdict != NotMet {
		t.Errorf("reader %s, writer %s", rows[0].Verdict, rows[1].Verdict)
	}
	var text strings.Builder
	if err := printRows(&text, rows); err != nil || !strings.Contains(text.String(), "1 of 2 targets are met") {
		t.Errorf("%v: %s", err, &text)
	}
}

func TestCheck(t *testing.T) {
	for want, line := range map[string]result.TargetLine{
		"unknown figure": {Name: "x", Figure: "speed", Ratio: 1},
		"either":         {Name: "x"},
		`"both"`:         {Name: "both", Ratio: 1, Most: 1},
	} {
		if err := check(&result.Targets{Lines: []result.TargetLine{line}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", line, err, want)
		}
	}
}

// A figure that a plan of someone's own misspells is not measured, and no reason to end.
func TestUnknownFigure(t *testing.T) {
	plan := result.Plan{Targets: &result.Targets{Own: []string{"a"}, Lines: []result.TargetLine{{Name: "n", Workload: "w", Figure: "ops", Most: 1}}}}
	rows := Evaluate(result.Run{Plan: plan, Cells: []result.Cell{{Status: result.StatusOK, Engine: "a", Workload: "w", OpsPerSec: 1}}})
	if len(rows) != 1 || rows[0].Verdict != NotMeasured {
		t.Errorf("%+v", rows)
	}
}
