package skiplist

import "lsmlab/engines/internal/arena"

// lesson says when a table learns a new coder, and how large the index of that coder
// is.
type lesson struct {
	counted   int64 // counted entries at which the lesson is due; see countBits
	indexBits int   // log2 of the words of the index
}

// The lessons come at about 256, 4096, 32768 and 131072 entries. A table with fewer entries
// than those of the first lesson needs no coder. A lesson
// delays one Add by less than a millisecond.
var defaultLessons = []lesson{{2, 8}, {32, 11}, {256, 14}, {1024, 17}}

// countBits determines the entries that are counted: one in 2^countBits, chosen at
// random.
const countBits = 7

// count counts an entry, and learns if a lesson is due.
func (t *table) count() {
	n := t.counted.Add(1)
	for _, l := range t.tune.lessons {
		if n == l.counted && t.learning.CompareAndSwap(false, true) {
			t.learn(l.indexBits)
			t.learning.Store(false)
		}
	}
}

// learn publishes a new coder. It keeps the old abbreviator if a new one is not clearly
// better.
func (t *table) learn(indexBits int) {
	refs, height := t.sample()
	if len(refs) < 2 {
		return
	}
	keys := make([][]byte, len(refs))
	for i, ref := range refs {
		keys[i] = nodeAt(t.arena, ref).User()
	}
	old := t.coder.Load()
	c := &coder{abbreviator: old.abbreviator, epoch: old.epoch}
	if old.epoch < maxEpoch {
		ab := newAbbreviator(keys)
		if old.epoch == 0 || t.tune.fickle || ab.resolution(keys) > old.resolution(keys)+len(keys) {
			c.abbreviator, c.epoch = *ab, old.epoch+1
		}
	}
	c.newIndex(t.arena, indexBits)
	for i, ref := range refs {
		c.offer(ref, height, c.of(keys[i]))
	}
	t.coder.Store(c)
}

// sample returns nodes in order, spread over the table. They are all nodes of the first
// level that has enough, so each of them has at least the returned height.
func (t *table) sample() (refs []arena.Ref, height int) {
	const enough, limit = 256, 2048
	for height = int(t.height.Load()); ; height-- {
		refs = refs[:0]
		for n := t.headNode(); len(refs) < limit; {
			ref := link(n.link(height - 1).Load()).ref()
			if ref == 0 {
				break
			}
			n = nodeAt(t.arena, ref)
			refs = append(refs, ref)
		}
		if height == 1 || len(refs) >= enough {
			return refs, height
		}
	}
}
