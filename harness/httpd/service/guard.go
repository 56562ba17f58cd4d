package service

import (
	"errors"
	"log/slog"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"

	"lsmlab/engines/kv"
	"lsmlab/harness/httpd/settings"
)

// kind is the kind of an operation. Each kind has a breaker of its own, so that reads
// go on while writes fail.
type kind int

const (
	reads kind = iota
	writes
)

var kindNames = [...]string{reads: "reads", writes: "writes"}

// ShedError is the error of a request that was refused to protect the store from too
// much work.
type ShedError struct {
	Fallback   string // the text with which the settings say to answer
	OpenFor    string // "reads" or "writes" if their breaker is open; "" if the rate was exceeded
	RetryAfter time.Duration
}

func (e *ShedError) Error() string {
	if e.OpenFor == "" {
		return "over the rate limit: " + e.Fallback
	}
	return "too many " + e.OpenFor + " failed: " + e.Fallback
}

// errSlow is what the breaker is told about a call that took too long.
var errSlow = errors.New("slow")

// guard admits operations: at most a given number a second, and none for a while after
// too many failed.
type guard struct {
	settings settings.Settings
	limiter  *rate.Limiter // nil for no limit
	breakers [len(kindNames)]*gobreaker.TwoStepCircuitBreaker[struct{}]
}

func newGuard(s settings.Settings, log *slog.Logger) *guard {
	g := &guard{settings: s}
	if s.Rate.RequestsPerSecond > 0 {
		g.limiter = rate.NewLimiter(rate.Limit(s.Rate.RequestsPerSecond), s.Rate.Burst)
	}
	for k, name := range kindNames {
		g.breakers[k] = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
			Name:        name,
			MaxRequests: 5, // requests that try whether the engine works again
			Interval:    s.Breaker.Window.Duration,
			Timeout:     s.Breaker.Open.Duration,
			ReadyToTrip: func(c gobreaker.Counts) bool {
				return c.Requests >= s.Breaker.MinRequests &&
					float64(c.TotalFailures) >= s.Breaker.FailureRatio*float64(c.Requests)
			},
			OnStateChange: func(name string, from, to gobreaker.State) {
				log.Warn("circuit breaker", "of", name, "from", from, "to", to)
			},
		})
	}
	return g
}

// admission is an operation that was admitted. Its owner must call done.
type admission struct {
	guard  *guard
	report func(error)
}

// admit begins an operation, or returns the reason why it may not begin.
func (g *guard) admit(k kind) (admission, error) {
	if g.limiter != nil && !g.limiter.Allow() {
		return admission{}, &ShedError{Fallback: g.settings.Fallback, RetryAfter: time.Second}
	}
	report, err := g.breakers[k].Allow()
	if err != nil {
		return admission{}, &ShedError{Fallback: g.settings.Fallback, OpenFor: kindNames[k], RetryAfter: g.settings.Breaker.Open.Duration}
	}
	return admission{g, report}, nil
}

// done tells the breaker the result of the operation, and the time that the engine
// took.
func (a admission) done(err error, took time.Duration) {
	switch {
	case errors.Is(err, kv.ErrExhausted):
		a.report(nil) // the engine refuses what it lacks room for at little cost, and still does other work, such as deletes
	case err != nil && Classify(err).Status >= 500:
		a.report(err)
	case took > a.guard.settings.Breaker.Slow.Duration:
		a.report(errSlow)
	default:
		a.report(nil)
	}
}
