package rangedel

import "lsmlab/engines/lsm/ikey"

// Cover answers, for keys that lie near each other, which range delete of several sets
// covers a key for a reader at an LSN. The zero value covers nothing. One goroutine at a
// time may use it.
type Cover struct {
	seq   ikey.Seq
	parts []part
}

// part is a set, and the fragment of it that the last key lay in.
type part struct {
	set      *Set
	fragment Fragment
	newest   ikey.Seq
	known    bool
}

// Init makes c a cover without sets, for a reader at seq, and keeps its memory.
func (c *Cover) Init(seq ikey.Seq) {
	clear(c.parts)
	c.seq, c.parts = seq, c.parts[:0]
}

// Add adds a set. An empty one costs nothing later.
func (c *Cover) Add(s *Set) {
	if s != nil {
		c.parts = append(c.parts, part{set: s})
	}
}

// Any says whether there is a set.
func (c *Cover) Any() bool { return len(c.parts) > 0 }

// Reach returns the LSN of the newest range delete that covers key and that the reader sees,
// 0 if there is none, and the end of a range that begins with key and that this range
// delete covers; nil for none. The range delete hides all older versions of key.
func (c *Cover) Reach(key []byte) (newest ikey.Seq, end []byte) {
	newest, f := c.at(key)
	return newest, f.End
}

// ReachDown returns the same LSN as [Cover.Reach], and the start of a range that key lies in
// and that this range delete covers.
func (c *Cover) ReachDown(key []byte) (newest ikey.Seq, start []byte) {
	newest, f := c.at(key)
	return newest, f.Start
}

// at returns the newest range delete that covers key, and the fragment of its set.
func (c *Cover) at(key []byte) (newest ikey.Seq, f Fragment) {
	for i := range c.parts {
		p := &c.parts[i]
		if !p.known || !p.fragment.Contains(key) {
			p.fragment, p.known = p.set.At(key), true
			p.newest = p.fragment.Newest(c.seq)
		}
		if p.newest > newest {
			newest, f = p.newest, p.fragment
		}
	}
	return newest, f
}
