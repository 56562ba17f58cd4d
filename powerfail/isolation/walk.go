package isolation

// walker walks a graph by edges of some kinds. If apart is set, walks never take two rw
// edges one after the other: then each node n of the graph is two of the walk, 2n and
// 2n+1, the second of which is reached by rw edges and left by others.
type walker struct {
	*graph

	kinds edgeKind
	apart bool
	only  *subset // of the nodes of the graph; nil: all
}

// subset is some nodes of a graph.
type subset struct {
	nodes []int32
	has   []bool // by node
}

// size returns how many nodes the walk has.
func (w walker) size() int {
	if w.apart {
		return 2 * int(w.graph.size())
	}
	return int(w.graph.size())
}

// roots yields nodes from which all others are reached.
func (w walker) roots(yield func(int32) bool) {
	per := 1
	if w.apart {
		per = 2
	}
	each := func(n int32) bool {
		for i := range per {
			if !yield(n*int32(per) + int32(i)) {
				return false
			}
		}
		return true
	}
	if w.only == nil {
		for n := range int32(w.graph.size()) {
			if !each(n) {
				return
			}
		}
		return
	}
	for _, n := range w.only.nodes {
		if !each(n) {
			return
		}
	}
}

// node returns the node of the graph that n is.
func (w walker) node(n int32) int32 {
	if w.apart {
		return n >> 1
	}
	return n
}

// step returns where an edge leads from n, if the walk may take it there.
func (w walker) step(n int32, edge uint32) (next int32, ok bool) {
	to, kind := target(edge), kindOf(edge)
	if kind != through && kind&w.kinds == 0 || w.only != nil && !w.only.has[to] {
		return 0, false
	}
	switch {
	case !w.apart:
		return to, true
	case kind == through:
		return to<<1 | n&1, true
	case kind&anyRW == 0:
		return to << 1, true
	default:
		return to<<1 | 1, n&1 == 0
	}
}

// frame is a node whose edges are being followed.
type frame struct {
	node int32
	edge uint32 // number of the next to follow
}

// components finds the strongly connected components of more than one node, by
// Tarjan's algorithm without recursion, and calls visit with the nodes of each, a slice
// that is used again, until visit returns false.
func (w walker) components(visit func(nodes []int32) bool) {
	const done = -1
	var (
		order = make([]int32, w.size()) // in which nodes were met, from 1; 0: not yet
		low   = make([]int32, w.size())
		met   int32
		path  []int32 // nodes whose component is not known
		stack []frame
	)
	enter := func(n int32) {
		met++
		order[n], low[n] = met, met
		path = append(path, n)
		stack = append(stack, frame{node: n})
	}
	for root := range w.roots {
		if order[root] != 0 {
			continue
		}
		enter(root)
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if edge, more := w.edge(w.node(f.node), f.edge); more {
				next, ok := w.step(f.node, edge)
				f.edge++
				switch {
				case !ok || order[next] == done:
				case order[next] == 0:
					enter(next)
				default:
					low[f.node] = min(low[f.node], order[next])
				}
				continue
			}
			n := f.node
			if stack = stack[:len(stack)-1]; len(stack) > 0 {
				parent := stack[len(stack)-1].node
				low[parent] = min(low[parent], low[n])
			}
			if low[n] != order[n] {
				continue
			}
			at := len(path) - 1
			for path[at] != n {
				at--
			}
			if len(path)-at > 1 && !visit(path[at:]) {
				return
			}
			for _, m := range path[at:] {
				order[m] = done
			}
			path = path[:at]
		}
	}
}
