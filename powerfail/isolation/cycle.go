package isolation

import "slices"

// step is one edge of a cycle between transactions, auxiliary nodes left out.
type step struct {
	from, to int32
	kind     edgeKind
}

// Work that the search for a smallest cycle may do, in edges followed. A component has
// a cycle for certain, so the first start finds one; more starts may find a smaller.
const cycleWork = 20 << 20

// shortest returns a cycle within the nodes of one component that no other is shorter
// than, as far as cycleWork allows to tell; small components are searched whole.
func (w walker) shortest(nodes []int32) []step {
	s := search{walker: w, within: make(map[int32]int32, len(nodes))}
	for i, n := range nodes {
		s.within[n] = int32(i)
	}
	s.distance = make([]int32, len(nodes))
	s.from = make([]origin, len(nodes))
	var best []step
	for i, start := range nodes {
		if w.node(start) >= w.txns {
			continue // a cycle has a transaction, which is another start
		}
		if c := s.cycle(start, len(best)); c != nil {
			best = c
		}
		if len(best) == 2 || s.work > cycleWork && best != nil && i > 0 {
			break
		}
	}
	return best
}

// search is a breadth-first search within one component, used for many starts.
type search struct {
	walker

	within   map[int32]int32 // nodes of the component to their index
	distance []int32         // in transactions, by index; -1: not met
	from     []origin
	work     int
}

// origin is how a node was reached.
type origin struct {
	node int32
	kind edgeKind
}

// cycle returns the shortest cycle through start that has fewer than limit steps (0: any
// number), or nil. Steps into auxiliary nodes cost nothing.
func (s *search) cycle(start int32, limit int) []step {
	for i := range s.distance {
		s.distance[i] = -1
	}
	s.work += len(s.distance)
	near, far := []int32{start}, []int32(nil)
	s.distance[s.within[start]] = 0
	for depth := int32(1); len(near) > 0 && (limit == 0 || int(depth) < limit); depth++ {
		for len(near) > 0 { // grows by auxiliary nodes
			n := near[len(near)-1]
			near = near[:len(near)-1]
			for k := uint32(0); ; k++ {
				e, more := s.edge(s.node(n), k)
				if !more {
					break
				}
				s.work++
				next, ok := s.step(n, e)
				i, inside := s.within[next]
				if !ok || !inside {
					continue
				}
				if next == start {
					return s.trace(start, origin{n, kindOf(e)})
				}
				if s.distance[i] >= 0 {
					continue
				}
				s.from[i] = origin{n, kindOf(e)}
				if s.node(next) >= s.txns {
					s.distance[i] = depth - 1
					near = append(near, next)
				} else {
					s.distance[i] = depth
					far = append(far, next)
				}
			}
		}
		near, far = far, nil
	}
	return nil
}

// trace returns the steps that led from start to last and from there to start again.
func (s *search) trace(start int32, last origin) []step {
	var steps []step
	to, kind := start, last.kind
	for at := last.node; ; {
		o := s.from[s.within[at]]
		if s.node(at) < s.txns {
			steps = append(steps, step{s.node(at), s.node(to), kind})
			if at == start {
				slices.Reverse(steps)
				return steps
			}
			to, kind = at, o.kind
		} else if o.kind != through {
			kind = o.kind // what led into the auxiliary nodes
		}
		at = o.node
	}
}
