package testneed_test

import (
	"runtime"
	"testing"

	"lsmlab/engines/testneed"
)

// recorder notes how a test is ended.
type recorder struct {
	testing.TB
	ended string
}

func (r *recorder) Helper()      {}
func (r *recorder) Fatal(...any) { r.ended = "failed"; runtime.Goexit() }
func (r *recorder) Skip(...any)  { r.ended = "skipped"; runtime.Goexit() }

func TestMissing(t *testing.T) {
	for ci, want := range map[string]string{"true": "failed", "": "skipped"} {
		t.Setenv("CI", ci)
		r := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			testneed.Missing(r, "a tool")
		}()
		if <-done; r.ended != want {
			t.Errorf("CI=%q: the test %s, want %s", ci, r.ended, want)
		}
	}
}
