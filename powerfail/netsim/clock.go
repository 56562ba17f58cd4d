package netsim

import "time"

// tickTime is the time between two ticks of a member by its own clock.
const tickTime = time.Millisecond

// clock is that of a member: it goes at its own speed, and forward alone.
type clock struct {
	period int64         // units of virtual time for a tick
	since  int64         // when the period was set last
	before time.Duration // what it showed then
}

// read returns what the clock shows at a time.
func (c *clock) read(now int64) time.Duration {
	return c.before + time.Duration(now-c.since)*tickTime/time.Duration(c.period)
}

// set changes the speed of the clock.
func (c *clock) set(now, period int64) {
	*c = clock{period, now, c.read(now)}
}
