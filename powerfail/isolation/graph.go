package isolation

// edgeKind is one relation of two transactions, as a bit of a mask.
type edgeKind uint8

const (
	ww edgeKind = 1 << iota
	wr
	rw        // of a key that was read by itself, or returned by a range read
	rwAbsent  // of a key that a range read did not return
	inProcess // one process did both, one after the other
	inTime    // the first ended before the second began

	through edgeKind = 0 // from an auxiliary node on: whatever led there leads on
)

const (
	anyRW        = rw | rwAbsent
	dependencies = ww | wr | anyRW
)

// graph is a directed graph in compressed rows. Its nodes are the transactions of a
// history, by number, and after them auxiliary nodes, which stand for many edges: an edge
// into one and the edges through it are one edge of the kind that led in.
//
// First all edges are added, then build is called, then it is read; concurrent
// readers are fine.
type graph struct {
	nodes int32
	txns  int32 // nodes below it are transactions
	added []uint64
	rows  []uint32 // of each node the index of its first edge; one more at the end
	edges []uint32 // target << kindBits | kind
}

const kindBits = 6

// maxTxns is how many transactions a history may have, so that their nodes and the
// auxiliary ones fit beside the kind in an edge.
const maxTxns = 1 << (32 - kindBits - 2)

func newGraph(txns int) *graph { return &graph{nodes: int32(txns), txns: int32(txns)} }

// auxiliary adds a node that is no transaction.
func (g *graph) auxiliary() int32 {
	g.nodes++
	return g.nodes - 1
}

// add adds an edge, unless it leads from a node to itself.
func (g *graph) add(from, to int32, kind edgeKind) {
	if from != to {
		g.added = append(g.added, uint64(from)<<32|uint64(to)<<kindBits|uint64(kind))
	}
}

// fan adds edges from each of sources to each other node of targets. Where that would be
// many it takes auxiliary nodes: a chain that goes up the targets and one that goes down,
// so that a source that is a target too reaches all but itself. Both are without
// duplicates.
func (g *graph) fan(sources, targets []int32, kind edgeKind) {
	if len(sources)*len(targets) <= 4*(len(sources)+len(targets)) {
		for _, s := range sources {
			for _, t := range targets {
				g.add(s, t, kind)
			}
		}
		return
	}
	at := make(map[int32]int, len(targets))
	up, down := make([]int32, len(targets)), make([]int32, len(targets)) // to targets[i:] and targets[:i+1]
	for i, t := range targets {
		at[t] = i
		up[i], down[i] = g.auxiliary(), g.auxiliary()
		g.add(up[i], t, through)
		g.add(down[i], t, through)
		if i > 0 {
			g.add(up[i-1], up[i], through)
			g.add(down[i], down[i-1], through)
		}
	}
	for _, s := range sources {
		i, isTarget := at[s]
		switch {
		case !isTarget:
			g.add(s, up[0], kind)
		default:
			if i > 0 {
				g.add(s, down[i-1], kind)
			}
			if i+1 < len(targets) {
				g.add(s, up[i+1], kind)
			}
		}
	}
}

// build makes the rows of all edges added.
func (g *graph) build() {
	g.rows = make([]uint32, g.nodes+1)
	for _, e := range g.added {
		g.rows[e>>32+1]++
	}
	for i := range g.nodes {
		g.rows[i+1] += g.rows[i]
	}
	g.edges = make([]uint32, len(g.added))
	next := append([]uint32(nil), g.rows[:g.nodes]...)
	for _, e := range g.added {
		from := e >> 32
		g.edges[next[from]] = uint32(e)
		next[from]++
	}
	g.added = nil
}

// row returns the edges that leave a node.
func (g *graph) row(node int32) []uint32 { return g.edges[g.rows[node]:g.rows[node+1]] }

func target(edge uint32) int32    { return int32(edge >> kindBits) }
func kindOf(edge uint32) edgeKind { return edgeKind(edge & (1<<kindBits - 1)) }
