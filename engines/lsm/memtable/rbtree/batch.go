package rbtree

import (
	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
)

// batch copies entries of s in one direction: with right the first entries >= k, rising,
// and with left the last entries < k, falling. It returns their number and the segment
// after s.
func (t *table) batch(s *segment, k ikey.Key, d side, out []arena.Ref) (n int, next uint32) {
	for retries := 0; ; retries++ {
		v, locked := s.begin(retries)
		n, ok := t.collect(s, k, d, out)
		next = s.next.Load()
		if s.end(v, locked) && ok {
			return n, next
		}
	}
}

// collect is batch without the check of the version. If the version of s changes
// meanwhile, the result may be wrong, but collect ends all the same.
func (t *table) collect(s *segment, k ikey.Key, d side, out []arena.Ref) (n int, ok bool) {
	h := t.head(&s.abbrev, k)
	var todo stack
	for i, steps := s.root.Load(), 0; i != 0; steps++ {
		if steps == maxDepth {
			return 0, false
		}
		nd, nh := s.load(i), s.slot(i).head.Load()
		if nd == 0 {
			return 0, false
		}
		toward := left // k
		if nh < h || nh == h && t.entry(nd.entry()).Before(k) {
			toward = right
		}
		if toward != d {
			todo.push(nd)
		}
		i = nd.child(toward)
	}
	for todo.n > 0 && n < len(out) {
		nd := todo.pop()
		out[n] = nd.entry()
		n++
		for i := nd.child(d); i != 0; i = nd.child(left + right - d) {
			if todo.n == maxDepth {
				return 0, false
			}
			nd = s.load(i)
			todo.push(nd)
		}
	}
	return n, true
}

// stack holds the nodes on the path whose entry, and the child behind it in the direction
// of the walk, have not been visited yet.
type stack struct {
	n     int
	nodes [maxDepth]node
}

func (st *stack) push(n node) {
	st.nodes[st.n] = n
	st.n++
}

func (st *stack) pop() node {
	st.n--
	return st.nodes[st.n]
}
