package oracle

import "slices"

// Entry is a key with its value.
type Entry struct {
	Key   []byte `json:"key"`
	Value []byte `json:"value"`
}

// claim says for which counts of writes a key shows the right content: for the
// intervals [from, to) of the counts of its lane.
type claim struct {
	key   *keyHistory
	found *Entry // nil if the store does not contain the key
	spans []span
}

type span struct{ from, to int32 }

// Judge compares content, sorted by key, with what may be found after the cut. It
// returns how many writes of each writer were found, in the order in which the writers
// first appear in the history; of several explanations, it is the one with the most
// writes. Otherwise it returns the rule that is violated.
func (x *Index) Judge(cut Cut, content []Entry) (found []int, broken *Violation) {
	j := x.judgement(cut)
	return j.judge(content)
}

// judge is [Index.Judge] with the floors of j.
func (j *judgement) judge(content []Entry) (found []int, broken *Violation) {
	if broken = j.collect(content); broken != nil {
		return nil, broken
	}
	for l := range j.x.lanes {
		j.allowed = append(j.allowed, j.counts(l))
		if !slices.Contains(j.allowed[l], true) {
			return nil, j.explain(l)
		}
	}
	return j.agree()
}

// judgement is one call of Judge.
type judgement struct {
	x       *Index
	cut     Cut
	claims  [][]claim // by lane
	allowed [][]bool  // by lane and count: the keys of the lane show right content
	floor   []int32   // by lane
	begun   []int32
}

func (x *Index) judgement(cut Cut) judgement {
	j := judgement{x: x, cut: cut, claims: make([][]claim, len(x.lanes))}
	for l := range x.lanes {
		floor, begun := x.limits(&x.lanes[l], cut)
		j.floor, j.begun = append(j.floor, floor), append(j.begun, begun)
		j.claims[l] = make([]claim, 0, x.lanes[l].keys)
	}
	return j
}

// collect pairs the content with the keys of the history.
func (j *judgement) collect(content []Entry) *Violation {
	for i := range j.x.keys {
		k := &j.x.keys[i]
		for len(content) > 0 && string(content[0].Key) < k.key {
			return j.unwritten(&content[0])
		}
		c := claim{key: k}
		if len(content) > 0 && string(content[0].Key) == k.key {
			c.found, content = &content[0], content[1:]
		}
		if broken := j.add(c); broken != nil {
			return broken
		}
	}
	if len(content) > 0 {
		return j.unwritten(&content[0])
	}
	return nil
}

// add finds the spans of a claim. A key that shows what it never had ends the
// judgement.
func (j *judgement) add(c claim) *Violation {
	c.match(j.begunOf(c.key))
	switch {
	case len(c.spans) == 0 && c.found == nil:
		return violated(RuleLost, "key %q of the durable base is not there", c.key.key)
	case len(c.spans) == 0:
		return j.unwritten(c.found)
	case c.key.lane != noLane:
		j.claims[c.key.lane] = append(j.claims[c.key.lane], c)
	}
	return nil
}

// unwritten says what is wrong with an entry that nobody stored.
func (j *judgement) unwritten(e *Entry) *Violation {
	if i, ok := j.x.aborted[pair{string(e.Key), string(e.Value)}]; ok {
		return violated(RuleAborted, "key %s has the value %s of write %d, a transaction that was discarded or met a conflict",
			show(e.Key), show(e.Value), i)
	}
	return violated(RuleInvented, "key %s has the value %s, which was never written to it", show(e.Key), show(e.Value))
}

// begunOf returns how many writes of the lane of a key had begun.
func (j *judgement) begunOf(k *keyHistory) int32 {
	if k.lane == noLane {
		return 0
	}
	return j.begun[k.lane]
}

// match finds the counts for which the key shows the right content.
func (c *claim) match(begun int32) {
	for i, v := range c.key.versions {
		if v.n > begun {
			break
		}
		if c.shows(v) {
			to := begun + 1
			if i+1 < len(c.key.versions) {
				to = min(to, c.key.versions[i+1].n)
			}
			c.spans = append(c.spans, span{v.n, to})
		}
	}
}

func (c *claim) shows(v version) bool {
	if c.found == nil {
		return !v.present
	}
	return v.present && string(c.found.Value) == v.value
}

// counts returns for which counts of a lane, from the floor on, all its keys are right.
func (j *judgement) counts(l int) []bool {
	n := int(j.begun[l]) + 1
	change := make([]int, n+1) // change of the number of keys that are right
	for _, c := range j.claims[l] {
		for _, s := range c.spans {
			change[s.from]++
			change[s.to]--
		}
	}
	allowed, right := make([]bool, n), 0
	for i := range n {
		right += change[i]
		allowed[i] = right == len(j.claims[l]) && i >= int(j.floor[l])
	}
	return allowed
}

// agree finds the most writes of each lane such that each write has what it requires.
// It begins with the most that each lane allows by itself, and lowers counts as long as
// a write requires more than another lane has.
func (j *judgement) agree() (found []int, broken *Violation) {
	for l := range j.allowed {
		found = append(found, lastTrue(j.allowed[l]))
	}
	for changed := true; changed; {
		changed = false
		for l := range found {
			for found[l] > 0 {
				short := j.lacks(l, found)
				if short < 0 {
					break
				}
				lower := lastTrue(j.allowed[l][:found[l]])
				if lower < 0 {
					return nil, j.explainAcross(l, found[l], short, found[short])
				}
				found[l], changed = lower, true
			}
		}
	}
	return found, nil
}

// lacks returns a lane that has fewer writes than the last write found of lane l
// requires, or -1.
func (j *judgement) lacks(l int, found []int) int {
	for o, n := range j.x.lanes[l].before[found[l]-1] {
		if o != l && int(n) > found[o] {
			return o
		}
	}
	return -1
}

func lastTrue(b []bool) int {
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] {
			return i
		}
	}
	return -1
}
