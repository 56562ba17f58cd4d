package kvtest

import (
	"fmt"
	"runtime"
	"testing"
)

// recorder is a testing.TB whose failures stay its own.
type recorder struct {
	testing.TB
	text string
}

func (r *recorder) Errorf(format string, args ...any) { r.text += fmt.Sprintf(format, args...) + "\n" }
func (r *recorder) Error(args ...any)                 { r.text += fmt.Sprintln(args...) }
func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...); runtime.Goexit() }
func (r *recorder) Fatal(args ...any)                 { r.Error(args...); runtime.Goexit() }
func (r *recorder) Skipf(string, ...any)              { runtime.Goexit() }

// failure runs f on a goroutine of its own and returns what it reported, which
// is nothing if it passed or was skipped.
func failure(t testing.TB, f func(t testing.TB)) string {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	return r.text
}
