package race

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"lsmlab/reports/internal/browsertest"
)

// The page in a real browser: it complains of nothing and asks for nothing, its
// pictures show and keep their text inside, at the width of a desk and of a phone
// nothing sticks out, tables sort by mouse and keyboard, and it prints.
func TestBrowser(t *testing.T) {
	ctx := browsertest.Open(t)
	dir := wideFakeRun.write(t)
	index, err := Render(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	browsertest.CheckPage(ctx, t, index, "report", 12)
	checkSorting(ctx, t)
	pdf, err := chromedp.Run(ctx, chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4), chromedp.PDFPrintBackground()))
	if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) || len(pdf) < 50_000 {
		t.Errorf("printed %d bytes, %v", len(pdf), err)
	}
	browsertest.Keep(t, "report.pdf", pdf)
	png := filepath.Join(dir, "charts", "buffered-closed-t2-throughput-ycsb-a.png")
	browsertest.Do(ctx, t, chromedp.Navigate(browsertest.FileURL(png)))
	if w := browsertest.Eval[int](ctx, t, `document.images[0].naturalWidth`); w < 700 {
		t.Errorf("a PNG chart is %d px wide", w)
	}
}

// checkSorting sorts the table of all figures by throughput with the mouse, then
// by engine with the keyboard.
func checkSorting(ctx context.Context, t *testing.T) {
	t.Helper()
	const table = `document.querySelector("#buffered-closed-t2-figures-table")`
	head := func(name string) string {
		return `[...` + table + `.tHead.rows[0].cells].find((c) => c.textContent === "` + name + `")`
	}
	sorted := func(name string) string {
		return browsertest.Eval[string](ctx, t, head(name)+`.getAttribute("aria-sort") ?? "none"`)
	}
	values := func() []float64 {
		return browsertest.Eval[[]float64](ctx, t, `[...`+table+`.tBodies[0].rows].map((r) => Number(r.cells[`+head("operations/s")+`.cellIndex].dataset.sort))`)
	}
	browsertest.Eval[any](ctx, t, head("operations/s")+`.firstElementChild.id = "sort-me"; null`)
	browsertest.Do(ctx, t, chromedp.Click(chromedp.ID("sort-me")))
	rising := func(v []float64, sign float64) bool {
		for i := 1; i < len(v); i++ {
			if sign*v[i] < sign*v[i-1] {
				return false
			}
		}
		return len(v) > 2
	}
	if v := values(); !rising(v, -1) || sorted("operations/s") != "descending" {
		t.Errorf("after a click: %s, %v", sorted("operations/s"), v)
	}
	browsertest.Do(ctx, t, chromedp.Click(chromedp.ID("sort-me")))
	if v := values(); !rising(v, 1) || sorted("operations/s") != "ascending" {
		t.Errorf("after two clicks: %s, %v", sorted("operations/s"), v)
	}
	browsertest.Eval[any](ctx, t, head("engine")+`.firstElementChild.focus(); null`)
	browsertest.Do(ctx, t, chromedp.KeyEvent("\r"))
	if sorted("engine") != "ascending" || sorted("operations/s") != "none" {
		t.Errorf("after Enter on engine: %s, and %s by throughput", sorted("engine"), sorted("operations/s"))
	}
	names := browsertest.Eval[[]string](ctx, t, `[...`+table+`.tBodies[0].rows].map((r) => r.cells[1].textContent)`)
	if len(names) == 0 || names[0] != "badger" {
		t.Errorf("by engine: %q", names)
	}
}
