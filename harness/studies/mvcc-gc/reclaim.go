package mvccgc

import (
	"errors"
	"time"
)

const (
	// reclaimLimit is how long the space of hidden versions is waited for.
	reclaimLimit = 2 * time.Second
	pollEvery    = time.Millisecond
)

// reclaim overwrites every key once, beside the readers of the work begun anew, and returns
// how long after the last write the space of the old versions is given back. Readers end once
// tables hold what they and the policy need and nothing else; those that crashed do not.
//
// Space is given back when tables take at most a quarter more than one version of each key
// does: the core does not write a table again for less than an eighth of garbage. It is
// limit if that does not happen before.
func (s *store) reclaim(r *readers, limit time.Duration) (time.Duration, error) {
	r.end()
	if err := r.begin(); err != nil {
		return 0, err
	}
	if err := s.overwriteAll(); err != nil {
		return 0, err
	}
	start := time.Now()
	if err := errors.Join(s.engine.Flush(), s.engine.Compact()); err != nil {
		return 0, err
	}
	if !r.work.crashed {
		r.end()
	}
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for 4*s.engine.Metrics().TableBytes > 5*s.leastBytes {
		if time.Since(start) >= limit {
			return limit, nil
		}
		<-poll.C
	}
	return time.Since(start), nil
}
