package netsim

import "lsmlab/engines/cluster/replica"

// event is something that will happen.
type event struct {
	at          int64
	number      uint64 // of two at one time the one that was planned first comes first
	kind        eventKind
	node        int
	incarnation int // of the node; events of an earlier one are dropped
	queue       replica.Queue
	action      int // of the schedule
	message     replica.Message
	sent        int64 // the message
}

type eventKind uint8

const (
	evTick eventKind = iota
	evMessage
	evWork
	evAction
	evHeal
	evRestart
)

// eventQueue is a binary heap by time. container/heap would box each event.
type eventQueue struct {
	heap   []*event
	number uint64
	free   []*event
}

func (q *eventQueue) less(i, j int) bool {
	a, b := q.heap[i], q.heap[j]
	return a.at < b.at || a.at == b.at && a.number < b.number
}

// plan returns a new event at a time, to be filled in before the next call.
func (q *eventQueue) plan(at int64, kind eventKind) *event {
	e := &event{}
	if n := len(q.free); n > 0 {
		e, q.free = q.free[n-1], q.free[:n-1]
	}
	q.number++
	e.at, e.number, e.kind = at, q.number, kind
	q.heap = append(q.heap, e)
	for i := len(q.heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if !q.less(i, parent) {
			break
		}
		q.heap[i], q.heap[parent] = q.heap[parent], q.heap[i]
		i = parent
	}
	return e
}

// first returns the time of the first event; ok is false if there is none.
func (q *eventQueue) first() (at int64, ok bool) {
	if len(q.heap) == 0 {
		return 0, false
	}
	return q.heap[0].at, true
}

// next takes the first event out, of which there must be one. It is the caller's until done.
func (q *eventQueue) next() *event {
	n := len(q.heap) - 1
	e := q.heap[0]
	q.heap[0], q.heap[n] = q.heap[n], nil
	q.heap = q.heap[:n]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < n; child++ {
			if q.less(child, least) {
				least = child
			}
		}
		if least == i {
			return e
		}
		q.heap[i], q.heap[least] = q.heap[least], q.heap[i]
		i = least
	}
}

// done gives an event back for use by plan.
func (q *eventQueue) done(e *event) {
	*e = event{}
	q.free = append(q.free, e)
}
