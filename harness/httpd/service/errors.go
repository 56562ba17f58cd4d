package service

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"lsmlab/engines/kv"
)

// Reasons why a store does not serve now.
var (
	ErrRecovering = errors.New("the store is still recovering")
	ErrStopping   = errors.New("the server is stopping")
)

// BadRequestError is the error of a request that cannot be understood. Its text says
// what to change.
type BadRequestError struct{ Text string }

func (e *BadRequestError) Error() string { return e.Text }

// BadRequestf returns a [BadRequestError].
func BadRequestf(format string, args ...any) error {
	return &BadRequestError{fmt.Sprintf(format, args...)}
}

// writesStoppedError is the error of an engine that accepts no more writes.
type writesStoppedError struct{ cause error }

func (e *writesStoppedError) Error() string { return e.cause.Error() }
func (e *writesStoppedError) Unwrap() error { return e.cause }

// Problem is an error as clients see it. Status is an HTTP status, which other fronts
// translate.
type Problem struct {
	Status     int
	Kind       string // one word, for programs to compare
	Detail     string
	RetryAfter time.Duration // 0 if a retry cannot succeed, or if nobody knows when
}

// Classify says what err means to a client.
func Classify(err error) Problem {
	p := Problem{Detail: err.Error()}
	var (
		tooLong *http.MaxBytesError
		bad     *BadRequestError
		stopped *writesStoppedError
		shed    *ShedError
	)
	switch {
	case errors.Is(err, kv.ErrNotFound):
		p.Status, p.Kind, p.Detail = http.StatusNotFound, "not-found", "the key has no value"
	case errors.As(err, &bad):
		p.Status, p.Kind = http.StatusBadRequest, "bad-request"
	case errors.Is(err, kv.ErrConflict):
		p.Status, p.Kind = http.StatusConflict, "conflict"
	case errors.Is(err, ErrTxnExpired):
		p.Status, p.Kind = http.StatusConflict, "expired"
	case errors.Is(err, kv.ErrUnsupported):
		p.Status, p.Kind = http.StatusBadRequest, "unsupported"
	case errors.Is(err, kv.ErrTooLarge):
		p.Status, p.Kind = http.StatusRequestEntityTooLarge, "too-large"
	case errors.As(err, &tooLong):
		p.Status, p.Kind = http.StatusRequestEntityTooLarge, "too-large"
		p.Detail = fmt.Sprintf("the body is longer than the limit of %d bytes", tooLong.Limit)
	case errors.As(err, &shed) && shed.OpenFor == "":
		p.Status, p.Kind, p.RetryAfter = http.StatusTooManyRequests, "rate-limited", shed.RetryAfter
	case errors.As(err, &shed):
		p.Status, p.Kind, p.RetryAfter = http.StatusServiceUnavailable, "circuit-open", shed.RetryAfter
	case errors.Is(err, ErrBusy), errors.Is(err, ErrTooManyTxns), errors.Is(err, ErrCheckpointing):
		p.Status, p.Kind, p.RetryAfter = http.StatusServiceUnavailable, "busy", time.Second
	case errors.Is(err, ErrRecovering):
		p.Status, p.Kind, p.RetryAfter = http.StatusServiceUnavailable, "recovering", time.Second
	case errors.Is(err, ErrStopping), errors.Is(err, kv.ErrClosed):
		p.Status, p.Kind = http.StatusServiceUnavailable, "stopping"
	case errors.Is(err, kv.ErrExhausted):
		p.Status, p.Kind, p.RetryAfter = http.StatusServiceUnavailable, "exhausted", time.Second
	case errors.As(err, &stopped):
		p.Status, p.Kind = http.StatusServiceUnavailable, "writes-stopped"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		p.Status, p.Kind = http.StatusServiceUnavailable, "cut-short"
	case errors.Is(err, kv.ErrCorrupt):
		p.Status, p.Kind = http.StatusInternalServerError, "corrupt"
	default:
		p.Status, p.Kind = http.StatusInternalServerError, "internal"
	}
	return p
}
