package cluster

import (
	"errors"
	"io"

	"lsmlab/engines/cluster/replica"
	"lsmlab/engines/internal/adapter"
)

// read returns what f reads from the state of a member that has all that was acknowledged
// before the call. While the leader has a lease, f is called at once; if the lease has run
// out by its return, what f has read goes to undo and f is called again, after a majority
// has confirmed that the member leads.
func read[T any](g *group, f func(s *replica.State) (T, error), undo func(T)) (T, error) {
	for {
		leader, err := g.leader()
		if err != nil {
			var none T
			return none, err
		}
		state, lease := leader.replica.State(), leader.replica.Lease()
		if term, ok := lease.Begin(); ok {
			value, err := f(state)
			if lease.Confirms(term) {
				return value, err
			}
			if err == nil {
				undo(value)
			}
		}
		switch err = leader.read(); {
		case err == nil:
			return f(state)
		case !errors.Is(err, errMoved):
			var none T
			return none, err
		}
	}
}

// closeOne undoes the opening of a cursor or view.
func closeOne[C io.Closer](c C) { _ = c.Close() } // nothing was read from it

// Get implements [adapter.View].
func (g *group) Get(dst, key []byte) ([]byte, error) {
	value, err := read(g, func(s *replica.State) ([]byte, error) { return s.Get(dst, key) }, func([]byte) {})
	if err != nil {
		return dst, err
	}
	return value, nil
}

// Scan implements [adapter.View].
func (g *group) Scan(lower, upper []byte) (adapter.Cursor, error) {
	return read(g, func(s *replica.State) (adapter.Cursor, error) { return s.Scan(lower, upper) }, closeOne)
}

// ScanReverse implements [adapter.View].
func (g *group) ScanReverse(lower, upper []byte) (adapter.ReverseCursor, error) {
	return read(g, func(s *replica.State) (adapter.ReverseCursor, error) { return s.ScanReverse(lower, upper) }, closeOne)
}

// Snapshot implements [adapter.Store].
func (g *group) Snapshot() (adapter.View, error) {
	return read(g, (*replica.State).Snapshot, closeOne)
}
