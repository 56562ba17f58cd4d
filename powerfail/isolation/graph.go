package isolation

import "fmt"

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
// The edges of process and of time are not stored one by one. A transaction has at most
// one of each: to the next of its process, and to the node of the first transaction that
// began after it had ended. The nodes of time are the last; each leads to one transaction
// and to the node of the one that began next.
//
// First all edges are added, then build is called, then it is read; concurrent
// readers are fine.
type graph struct {
	nodes int64      // those with a row
	txns  int32      // nodes below it are transactions
	added [][]uint64 // from << 32 | edge, in chunks, so that growth copies nothing
	rows  []uint32   // of each node the index of its first edge; one more at the end
	edges []uint32   // target << kindBits | kind

	next    []int32 // of each transaction the next of its process, or -1
	byBegin []int32 // transactions in the order in which they began
	after   []int32 // of each transaction the place in byBegin of the first that began after its end
}

const (
	kindBits   = 6
	addedChunk = 1 << 16
	maxNodes   = 1 << (32 - kindBits)
	// maxTxns is how many transactions a history may have, so that they, the nodes of
	// time and others have numbers that fit beside the kind in an edge.
	maxTxns = maxNodes / 4
)

func newGraph(txns int) *graph { return &graph{nodes: int64(txns), txns: int32(txns)} }

// auxiliary adds a node that is no transaction.
func (g *graph) auxiliary() int32 {
	g.nodes++
	return int32(g.nodes - 1)
}

// add adds an edge, unless it leads from a node to itself.
func (g *graph) add(from, to int32, kind edgeKind) {
	if from == to {
		return
	}
	last := len(g.added) - 1
	if last < 0 || len(g.added[last]) == addedChunk {
		g.added = append(g.added, make([]uint64, 0, addedChunk))
		last++
	}
	g.added[last] = append(g.added[last], uint64(from)<<32|uint64(packed(to, kind)))
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

// size returns how many nodes there are.
func (g *graph) size() int64 { return g.nodes + int64(len(g.byBegin)) }

// build makes the rows of all edges added. An error says that there are too many nodes.
func (g *graph) build() error {
	if g.size() > maxNodes {
		return fmt.Errorf("%d transactions with %d writes that nobody read: too many for one history; judge it in parts", g.txns, (g.nodes-int64(g.txns))/2)
	}
	g.rows = make([]uint32, g.nodes+1)
	total := 0
	for _, chunk := range g.added {
		total += len(chunk)
		for _, e := range chunk {
			g.rows[e>>32+1]++
		}
	}
	for i := range g.nodes {
		g.rows[i+1] += g.rows[i]
	}
	g.edges = make([]uint32, total)
	for i, chunk := range g.added { // rows become those of the next nodes
		for _, e := range chunk {
			from := e >> 32
			g.edges[g.rows[from]] = uint32(e)
			g.rows[from]++
		}
		g.added[i] = nil
	}
	copy(g.rows[1:], g.rows)
	g.rows[0] = 0
	g.added = nil
	return nil
}

// edge returns the edge number i, from 0, of those that leave a node.
func (g *graph) edge(node int32, i uint32) (edge uint32, ok bool) {
	if at := int64(node) - g.nodes; at >= 0 {
		switch {
		case i == 0:
			return packed(g.byBegin[at], through), true
		case i == 1 && at+1 < int64(len(g.byBegin)):
			return packed(node+1, through), true
		}
		return 0, false
	}
	row := g.edges[g.rows[node]:g.rows[node+1]]
	if i < uint32(len(row)) {
		return row[i], true
	}
	if node >= g.txns {
		return 0, false
	}
	i -= uint32(len(row))
	if next := g.next[node]; next >= 0 {
		if i == 0 {
			return packed(next, inProcess), true
		}
		i--
	}
	if after := g.after[node]; i == 0 && int(after) < len(g.byBegin) {
		return packed(int32(g.nodes)+after, inTime), true
	}
	return 0, false
}

func packed(target int32, kind edgeKind) uint32 { return uint32(target)<<kindBits | uint32(kind) }
func target(edge uint32) int32                  { return int32(edge >> kindBits) }
func kindOf(edge uint32) edgeKind               { return edgeKind(edge & (1<<kindBits - 1)) }
