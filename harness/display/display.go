// Package display shows long work to a person: lines of text, and a progress bar
// where there is a terminal.
package display

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Display writes lines of text to one writer and, if the other is a terminal, draws a
// bar with the time left below them. It is safe for concurrent use.
type Display struct {
	mu  sync.Mutex
	out io.Writer
	bar *progressbar.ProgressBar // nil if there is no terminal
}

// New returns a display whose bar takes so many steps. The bar is drawn on errOut;
// without steps there is none.
func New(out, errOut io.Writer, steps int) *Display {
	d := &Display{out: out}
	if isTerminal(errOut) && steps > 0 {
		d.bar = progressbar.NewOptions(steps,
			progressbar.OptionSetWriter(errOut),
			progressbar.OptionSetWidth(24),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionSetElapsedTime(true),
			progressbar.OptionUseANSICodes(true),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
		)
	}
	return d
}

// isTerminal says whether w is a terminal that can take a bar.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Line prints one line of text above the bar.
func (d *Display) Line(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bar != nil {
		_ = d.bar.Clear()
	}
	fmt.Fprintf(d.out, format+"\n", args...)
	if d.bar != nil {
		_ = d.bar.RenderBlank()
	}
}

// At moves the bar to so many steps and says what is being done.
func (d *Display) At(steps int, what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bar == nil {
		return
	}
	d.bar.Describe(what)
	_ = d.bar.Set(steps)
}

// Finish removes the bar. Lines can be printed afterwards.
func (d *Display) Finish() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bar != nil {
		_ = d.bar.Clear()
		_ = d.bar.Exit()
		d.bar = nil
	}
}
