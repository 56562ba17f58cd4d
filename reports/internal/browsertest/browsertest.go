// Package browsertest checks pages in a real browser, a headless Chromium.
package browsertest

import (
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

	"lsmlab/engines/testneed"
)

var shots = flag.String("shots", "", "directory that gets screenshots of the tests' pages at 1280 and 390 px")

// Open starts a browser for one test. At its end the test fails if a page has
// complained of anything. If there is no browser, the test fails under CI=true and is
// skipped elsewhere.
func Open(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		testneed.Missing(t, "no chromium on the PATH: `make packages` installs it")
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
	c := &console{}
	if err := chromedp.Listen(ctx, c.note); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if len(c.lines) > 0 {
			t.Errorf("the browser complains: %s", strings.Join(c.lines, "; "))
		}
	})
	return ctx
}

// console collects the complaints of pages.
type console struct {
	mu    sync.Mutex
	lines []string
}

func (c *console) note(event any) {
	var line string
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		line = "exception: " + e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		line = fmt.Sprintf("console: %s", e.Type)
	case *log.EventEntryAdded:
		line = "log: " + e.Entry.Text
	default:
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = append(c.lines, line)
}

// Eval returns the value of an expression on the page.
func Eval[T any](ctx context.Context, t *testing.T, js string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js))
	if err != nil {
		t.Fatalf("%s: %v", js, err)
	}
	return v
}

// Do performs steps on the page.
func Do(ctx context.Context, t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// FileURL returns the address of a file.
func FileURL(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

// CheckPage opens a page at the width of a desk and at that of a phone. Nothing may
// stick out, and the page may request nothing. Its pictures, of which there must be at
// least the given number, must be visible and keep their text inside. name is part of
// the names of the screenshots.
func CheckPage(ctx context.Context, t *testing.T, index, name string, pictures int) {
	t.Helper()
	for _, width := range []int64{1280, 390} {
		Do(ctx, t, chromedp.EmulateViewport(width, 844), chromedp.Navigate(FileURL(index)))
		checkLayout(ctx, t, width, pictures)
		if *shots != "" {
			png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
			if err != nil {
				t.Fatal(err)
			}
			Keep(t, fmt.Sprintf("%s-%d.png", name, width), png)
		}
	}
}

// Keep saves a picture of a page beside the screenshots, for a person to look at.
func Keep(t *testing.T, name string, picture []byte) {
	t.Helper()
	if *shots == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(*shots, name), picture, 0o644); err != nil {
		t.Error(err)
	}
}

func checkLayout(ctx context.Context, t *testing.T, width int64, least int) {
	t.Helper()
	if w := Eval[int64](ctx, t, `document.documentElement.scrollWidth`); w > width {
		t.Errorf("at %d px the page is %d px wide", width, w)
	}
	if n := Eval[int](ctx, t, `performance.getEntriesByType("resource").length`); n != 0 {
		t.Errorf("the page asks for %d files", n)
	}
	pictures := Eval[[]string](ctx, t, `[...document.querySelectorAll("figure svg")].map((s) => {
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
	outside := Eval[[]string](ctx, t, `[...document.querySelectorAll("figure svg text")].filter((e) => {
		const r = e.getBoundingClientRect(), s = e.ownerSVGElement.getBoundingClientRect();
		return r.left < s.left - 1 || r.right > s.right + 1 || r.top < s.top - 1 || r.bottom > s.bottom + 1;
	}).map((e) => e.textContent)`)
	if len(outside) > 0 {
		t.Errorf("at %d px texts are cut off: %q", width, outside)
	}
	small := Eval[float64](ctx, t, `Math.min(100, ...[...document.querySelectorAll("figure svg text")].map((e) => e.getBoundingClientRect().height))`)
	if small < 7 {
		t.Errorf("at %d px a text of a chart is %.1f px high", width, small)
	}
}
