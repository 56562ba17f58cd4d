package isolation

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// chain is versions of one register that follow each other with no other between them:
// whoever wrote one of them had read the one before. From snapshot isolation on that is
// certain. So of two chains all versions of one come before all of the other.
//
// Under the levels that ask for real time, one comes first if a transaction that wrote a
// version of it had ended before one began that wrote or read a version of the other. A
// chain is the cluster of Gibbons and Korach ("Testing shared memories", SIAM Journal on
// Computing, 1997), whose zones these are, with updates in it.
type chain struct {
	ended  int64 // the earliest end of those that wrote its versions
	began  int64 // the latest begin of those that wrote or read them
	writer int32 // who ended then; -1: nobody, for the chain begins with the absent register
	last   int32 // who began then; -1: nobody
}

// wrote adds a writer. One of unknown outcome may take effect at any time after its begin.
func (c *chain) wrote(t int32, x *txn) {
	if x.outcome() == Committed && x.end < c.ended {
		c.ended, c.writer = x.end, t
	}
	c.saw(t, x)
}

// saw adds a reader.
func (c *chain) saw(t int32, x *txn) {
	if x.begin > c.began {
		c.began, c.last = x.begin, t
	}
}

// chaining finds the chains of one register after the other.
type chaining struct {
	*inference

	versions *versions
	place    []int32 // of each transaction that wrote the register: its place in parent
	parent   []int32 // of each writer one in the same chain, nearer to that which stands for all; place 0 is the absent register
	all      []chain // of each writer; those that stand for a chain have what is known of it
}

// lostWrites notes the first two chains of each register of which by time each comes
// before the other: a write was replaced by an update that had not seen it.
func (f *inference) lostWrites(v *versions) {
	c := chaining{inference: f, versions: v, place: make([]int32, len(f.h.txns))}
	for k := range int32(len(f.h.keys)) {
		c.start(k)
		c.join(k)
		c.fill(k)
		if a, b, ok := crossed(c.all); ok {
			f.lostWrite(k, a, b)
		}
	}
}

// start makes one chain of each writer of a register.
func (c *chaining) start(key int32) {
	c.parent = append(c.parent[:0], 0)
	c.all = append(c.all[:0], chain{ended: math.MinInt64, began: math.MinInt64, writer: -1, last: -1})
	for _, w := range c.writes.of(key) {
		if c.counts[w.txn] {
			c.place[w.txn] = int32(len(c.parent))
			c.parent = append(c.parent, c.place[w.txn])
			c.all = append(c.all, chain{ended: math.MaxInt64, began: math.MinInt64, writer: -1, last: -1})
		}
	}
}

// each calls do with the reads of each version of a register, and with the place of its
// writer.
func (c *chaining) each(key int32, do func(writer int32, read versionRead)) {
	reads := func(writer, first int32) {
		for i := first; i >= 0; i = c.versions.reads[i].next {
			do(writer, c.versions.reads[i])
		}
	}
	reads(0, c.versions.absent[key])
	row := c.writes.rows[key]
	for i, w := range c.writes.of(key) {
		if c.counts[w.txn] {
			reads(c.place[w.txn], c.versions.written[row+int32(i)])
		}
	}
}

// join joins the chains of those that read a version and wrote the next with that version's.
func (c *chaining) join(key int32) {
	c.each(key, func(writer int32, read versionRead) {
		if read.wrote {
			c.parent[c.root(c.place[read.txn])] = c.root(writer)
		}
	})
}

// root returns the place that stands for the chain of another.
func (c *chaining) root(place int32) int32 {
	for c.parent[place] != place {
		c.parent[place] = c.parent[c.parent[place]]
		place = c.parent[place]
	}
	return place
}

// fill adds writers and readers to the chains of a register.
func (c *chaining) fill(key int32) {
	if root := c.root(0); root != 0 {
		c.all[root].ended = math.MinInt64
	}
	for _, w := range c.writes.of(key) {
		if c.counts[w.txn] {
			c.all[c.root(c.place[w.txn])].wrote(w.txn, &c.h.txns[w.txn])
		}
	}
	c.each(key, func(writer int32, read versionRead) {
		c.all[c.root(writer)].saw(read.txn, &c.h.txns[read.txn])
	})
}

// crossed returns two chains of which each comes before the other, if there are such. It
// sorts the chains. Of a pair, the second is the one whose first writer ended later.
func crossed(all []chain) (a, b chain, ok bool) {
	all = slices.DeleteFunc(all, func(c chain) bool { return c.last < 0 })
	slices.SortFunc(all, func(a, b chain) int { return cmp.Compare(a.ended, b.ended) })
	latest := make([]int32, len(all)) // up to each chain, the one that began last
	for i, b := range all {
		before := sort.Search(i, func(k int) bool { return all[k].ended >= b.began })
		if before > 0 {
			if a := all[latest[before-1]]; b.ended < a.began {
				return a, b, true
			}
		}
		latest[i] = int32(i)
		if i > 0 && all[latest[i-1]].began >= b.began {
			latest[i] = latest[i-1]
		}
	}
	return a, b, false
}

// lostWrite notes two chains of which each comes before the other.
func (f *inference) lostWrite(key int32, a, b chain) {
	const runs = "each update of %[2]s read the version before it, except where a run of updates begins; "
	if a.writer < 0 {
		f.found.add(lostWrite, key, runs+"T%[1]d wrote in another run than the one that begins with the absent key, and ended before T%[3]d began, which is of that one",
			[]int32{b.writer, a.last})
		return
	}
	f.found.add(lostWrite, key, runs+"of two runs each comes before the other: T%[1]d ended before T%[3]d began, and T%[4]d before T%[5]d",
		[]int32{a.writer, b.last, b.writer, a.last})
}
