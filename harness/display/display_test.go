package display

import (
	"bytes"
	"sync"
	"testing"
)

// Without a terminal there are lines alone, whole ones also from several goroutines,
// and none of the bar's control characters.
func TestDisplayWithoutTerminal(t *testing.T) {
	var out, errOut bytes.Buffer
	d := New(&out, &errOut, 10)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			d.At(i, "work")
			d.Line("cell %d", 7)
		})
	}
	wg.Wait()
	d.Finish()
	d.Finish()
	d.Line("done")
	if want := "cell 7\ncell 7\ncell 7\ncell 7\ndone\n"; out.String() != want || errOut.Len() != 0 {
		t.Errorf("lines %q, bar %q", out.String(), errOut.String())
	}
}
