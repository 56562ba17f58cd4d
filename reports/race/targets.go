package race

import (
	"lsmlab/harness/target"
	"lsmlab/reports/chart"
	"lsmlab/reports/page"
)

// targetsTable says for each target of the plan whether the run shows it. It is nil if
// the plan has none.
func (r *run) targetsTable() *page.Table {
	rows := target.Evaluate(r.Run)
	if len(rows) == 0 {
		return nil
	}
	const ratio = 5 // the field that sorts as a number
	t := &page.Table{ID: "targets", Caption: "Targets of the plan. The best of ours against the best peer, medians over rounds; times as good is the geometric mean within rounds of ours over theirs, or of theirs over ours where less is better"}
	for i, name := range target.Head {
		t.Head = append(t.Head, page.Column{Name: name, Numeric: i == ratio})
	}
	for _, row := range rows {
		var cells []page.Cell
		for _, text := range row.Fields() {
			cells = append(cells, page.Text(text))
		}
		cells[0] = page.Head(row.Name)
		if row.Peer != "" && row.Better.OK() {
			cells[ratio] = page.Number(row.Better.Value, chart.UnitTimes)
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}
