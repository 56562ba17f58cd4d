package signals

import (
	"context"
	"time"
)

// RealTime returns the clock of a run that starts now.
func RealTime() Clock { return realTime{time.Now()} }

type realTime struct{ start time.Time }

func (c realTime) Wait(ctx context.Context, at time.Duration) error {
	t := time.NewTimer(time.Until(c.start.Add(at)))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
