package rbtree

import "testing"

// TestShapes builds trees of every size that a table may build and checks that
// they are red-black trees, in order, in slots of their own.
func TestShapes(t *testing.T) {
	for _, maxLines := range []int{2, 3, 7, 64} {
		for n := 1; n < maxLines*lineSlots; n++ {
			checkShape(t, n, maxLines)
		}
	}
	checkShape(t, maxLines*lineSlots-1, maxLines)
}

func checkShape(t *testing.T, n, maxLines int) {
	sh := newShape(n, maxLines)
	rank := map[uint32]int{}
	for i, p := range sh.places {
		if p.slot == 0 || int(p.slot) >= sh.lines*lineSlots || sh.lines > maxLines {
			t.Fatalf("%d entries: slot %d of %d lines, at most %d", n, p.slot, sh.lines, maxLines)
		}
		rank[p.slot] = i
	}
	if len(rank) != n {
		t.Fatalf("%d entries in %d slots", n, len(rank))
	}
	next := 0
	var blackHeight func(slot uint32, parentRed bool) int
	blackHeight = func(slot uint32, parentRed bool) int {
		if slot == 0 {
			return 0
		}
		node := sh.places[rank[slot]].node
		l := blackHeight(node.child(left), node.isRed())
		if rank[slot] != next {
			t.Fatalf("%d entries: rank %d at place %d in order", n, rank[slot], next)
		}
		next++
		if r := blackHeight(node.child(right), node.isRed()); l != r || parentRed && node.isRed() {
			t.Fatalf("%d entries: black heights %d and %d, red under red: %v", n, l, r, parentRed && node.isRed())
		}
		if !node.isRed() {
			l++
		}
		return l
	}
	if blackHeight(sh.root, false); next != n {
		t.Fatalf("%d entries: %d in the tree", n, next)
	}
}

// TestShapeTouchesFewLines pins what the layout is for: ten levels, about five
// cache lines.
func TestShapeTouchesFewLines(t *testing.T) {
	sh := newShape(512, 256)
	at := map[uint32]node{}
	for _, p := range sh.places {
		at[p.slot] = p.node
	}
	sum := 0
	var walk func(slot, above uint32, lines int)
	walk = func(slot, above uint32, lines int) {
		if slot == 0 {
			return
		}
		if slot/lineSlots != above/lineSlots || above == 0 {
			lines++
		}
		sum += lines
		walk(at[slot].child(left), slot, lines)
		walk(at[slot].child(right), slot, lines)
	}
	walk(sh.root, 0, 0)
	if mean := float64(sum) / 512; mean > 4.5 {
		t.Errorf("the way to an entry touches %.2f lines, want at most 4.5", mean)
	}
}
