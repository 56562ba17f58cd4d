package reports

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var shots = flag.String("shots", "", "directory that gets screenshots of the test's page at 1280 and 390 px")

// openBrowser starts a headless Chromium for one test. Where there is none the
// test fails under CI=true and is skipped elsewhere.
func openBrowser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		const missing = "no chromium on the PATH: `make packages` installs it"
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path))
	for _, name := range []string{"no-sandbox", "disable-gpu", "disable-quic", "disable-component-update"} {
		options = append(options, chromedp.Flag(name, true))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

// console collects what the page complains about.
type console struct {
	mu    sync.Mutex
	lines []string
}

func (c *console) listen(ctx context.Context, t *testing.T) {
	t.Helper()
	add := func(format string, args ...any) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.lines = append(c.lines, fmt.Sprintf(format, args...))
	}
	err := chromedp.Listen(ctx, func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			add("exception: %s", e.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			add("console: %s", e.Type)
		case *log.EventEntryAdded:
			add("log: %s", e.Entry.Text)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func eval[T any](ctx context.Context, t *testing.T, js string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js))
	if err != nil {
		t.Fatalf("%s: %v", js, err)
	}
	return v
}

func do(ctx context.Context, t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

func fileURL(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

// The page in a real browser: it complains of nothing and asks for nothing, its
// pictures show and keep their text inside, at the width of a desk and of a phone
// nothing sticks out, tables sort by mouse and keyboard, and it prints.
func TestBrowser(t *testing.T) {
	ctx := openBrowser(t)
	dir := wideFakeRun.write(t)
	index, err := Render(dir)
	if err != nil {
		t.Fatal(err)
	}
	var c console
	c.listen(ctx, t)
	for _, width := range []int64{1280, 390} {
		do(ctx, t, chromedp.EmulateViewport(width, 844), chromedp.Navigate(fileURL(index)))
		checkLayout(ctx, t, width, 12)
		if *shots != "" {
			screenshot(ctx, t, filepath.Join(*shots, fmt.Sprintf("report-%d.png", width)))
		}
	}
	checkSorting(ctx, t)
	pdf, err := chromedp.Run(ctx, chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4), chromedp.PDFPrintBackground()))
	if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) || len(pdf) < 50_000 {
		t.Errorf("printed %d bytes, %v", len(pdf), err)
	}
	if *shots != "" {
		if err := os.WriteFile(filepath.Join(*shots, "report.pdf"), pdf, 0o644); err != nil {
			t.Error(err)
		}
	}
	do(ctx, t, chromedp.Navigate(fileURL(filepath.Join(dir, "charts", "buffered-closed-t2-throughput-ycsb-a.png"))))
	if w := eval[int](ctx, t, `document.images[0].naturalWidth`); w < 700 {
		t.Errorf("a PNG chart is %d px wide", w)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.lines) > 0 {
		t.Errorf("the browser complains: %s", strings.Join(c.lines, "; "))
	}
}

// checkLayout checks a page with at least so many pictures at one width.
func checkLayout(ctx context.Context, t *testing.T, width int64, least int) {
	t.Helper()
	if w := eval[int64](ctx, t, `document.documentElement.scrollWidth`); w > width {
		t.Errorf("at %d px the page is %d px wide", width, w)
	}
	if n := eval[int](ctx, t, `performance.getEntriesByType("resource").length`); n != 0 {
		t.Errorf("the page asks for %d files", n)
	}
	pictures := eval[[]string](ctx, t, `[...document.querySelectorAll("figure svg")].map((s) => {
		const r = s.getBoundingClientRect();
		return r.width > 250 && r.height > 100 && s.getAttribute("aria-label") ? "ok" : "bad: " + r.width + " x " + r.height;
	})`)
	if len(pictures) < least {
		t.Errorf("%d pictures", len(pictures))
	}
	for i, p := range pictures {
		if p != "ok" {
			t.Errorf("at %d px picture %d is %s", width, i, p)
		}
	}
	outside := eval[[]string](ctx, t, `[...document.querySelectorAll("figure svg text")].filter((e) => {
		const r = e.getBoundingClientRect(), s = e.ownerSVGElement.getBoundingClientRect();
		return r.left < s.left - 1 || r.right > s.right + 1 || r.top < s.top - 1 || r.bottom > s.bottom + 1;
	}).map((e) => e.textContent)`)
	if len(outside) > 0 {
		t.Errorf("at %d px texts are cut off: %q", width, outside)
	}
	small := eval[float64](ctx, t, `Math.min(...[...document.querySelectorAll("figure svg text")].map((e) => e.getBoundingClientRect().height))`)
	if small < 7 {
		t.Errorf("at %d px a text of a chart is %.1f px high", width, small)
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
		return eval[string](ctx, t, head(name)+`.getAttribute("aria-sort") ?? "none"`)
	}
	values := func() []float64 {
		return eval[[]float64](ctx, t, `[...`+table+`.tBodies[0].rows].map((r) => Number(r.cells[`+head("operations/s")+`.cellIndex].dataset.sort))`)
	}
	eval[any](ctx, t, head("operations/s")+`.firstElementChild.id = "sort-me"; null`)
	do(ctx, t, chromedp.Click(chromedp.ID("sort-me")))
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
	do(ctx, t, chromedp.Click(chromedp.ID("sort-me")))
	if v := values(); !rising(v, 1) || sorted("operations/s") != "ascending" {
		t.Errorf("after two clicks: %s, %v", sorted("operations/s"), v)
	}
	eval[any](ctx, t, head("engine")+`.firstElementChild.focus(); null`)
	do(ctx, t, chromedp.KeyEvent("\r"))
	if sorted("engine") != "ascending" || sorted("operations/s") != "none" {
		t.Errorf("after Enter on engine: %s, and %s by throughput", sorted("engine"), sorted("operations/s"))
	}
	names := eval[[]string](ctx, t, `[...`+table+`.tBodies[0].rows].map((r) => r.cells[1].textContent)`)
	if len(names) == 0 || names[0] != "badger" {
		t.Errorf("by engine: %q", names)
	}
}

// screenshot keeps a picture of the whole page, for a person to look at.
func screenshot(ctx context.Context, t *testing.T, path string) {
	t.Helper()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(path, png, 0o644)
	}
	if err != nil {
		t.Error(err)
	}
}
