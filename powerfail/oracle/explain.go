package oracle

import (
	"fmt"

	"lsmlab/engines/kv"
)

// explain names the rule that lane l violates, for which no count is allowed.
func (j *judgement) explain(l int) *Violation {
	claims := j.claims[l]
	if broken := j.torn(l, claims); broken != nil {
		return broken
	}
	oldest, newest := claims[0], claims[0] // the claims that allow the fewest and demand the most writes
	for _, c := range claims {
		if c.last() < oldest.last() {
			oldest = c
		}
		if c.first() > newest.first() {
			newest = c
		}
	}
	missing := j.write(l, oldest.last()-1) // the first write that the oldest content lacks
	switch {
	case oldest.last()-1 >= j.floor[l]:
		if newest.first() < oldest.last() {
			return violated(RuleHole, "the keys of writer %d show states that never stood together, with %d to %d of its writes",
				j.x.lanes[l].writer, j.floor[l], j.begun[l])
		}
		return violated(RuleHole, "%s is there (key %q), and %s before it is not (key %q shows %s)",
			j.write(l, newest.first()-1), newest.key.key, missing, oldest.key.key, oldest.shown())
	case oldest.found != nil && j.undeletes(oldest) && newest.first() >= oldest.last():
		return violated(RuleResurrect, "key %q is back with %s, deleted by %s",
			oldest.key.key, oldest.shown(), missing)
	}
	return violated(RuleLost, "%s is not there: key %q shows %s", missing, oldest.key.key, oldest.shown())
}

// explainAcross says that lane l was found with n writes, and that the last of them
// requires more writes of lane o than the m that were found.
func (j *judgement) explainAcross(l, n, o, m int) *Violation {
	return violated(RuleHole, "%s is there, and %s, acknowledged before that began, is not",
		j.write(l, int32(n-1)), j.write(o, int32(m)))
}

// torn looks for a batch of which one key is present and another is not.
func (j *judgement) torn(l int, claims []claim) *Violation {
	shownBy := map[int32]*claim{} // by count of writes: a key that may show the last of these writes
	for i := range claims {
		for _, s := range claims[i].spans {
			shownBy[s.from] = &claims[i]
		}
	}
	for i := range claims {
		c := &claims[i]
		for _, v := range c.key.versions {
			if v.n < c.last() || v.n > j.begun[l] {
				continue
			}
			if with := shownBy[v.n]; with != nil && with != c {
				return violated(RuleTorn, "of %s key %q is there, and key %q is not: it shows %s",
					j.write(l, v.n-1), with.key.key, c.key.key, c.shown())
			}
		}
	}
	return nil
}

// undeletes says whether the first write that the key lacks is a delete of it.
func (j *judgement) undeletes(c claim) bool {
	for _, v := range c.key.versions {
		if v.n == c.last() {
			return !v.present
		}
	}
	return false
}

// first and last are the bounds of the counts for which a claim is right: first <= n <
// last.
func (c *claim) first() int32 { return c.spans[0].from }
func (c *claim) last() int32  { return c.spans[len(c.spans)-1].to }

func (c *claim) shown() string {
	if c.found == nil {
		return "nothing"
	}
	return show(c.found.Value)
}

// write describes write i of a lane.
func (j *judgement) write(l int, i int32) string {
	n := j.x.lanes[l].writes[i]
	w := &j.x.history.Writes[n]
	text := fmt.Sprintf("write %d (writer %d, %d operations, %v", n, w.Writer, countOps(w.Batch), w.Durability)
	if w.Ack != Never && w.Ack <= j.cut.Position {
		return text + ", acknowledged)"
	}
	return text + ", not acknowledged)"
}

func countOps(batch []byte) (n int) {
	for ops := kv.ReadAllOps(batch); ops.Next(); {
		n++
	}
	return n
}

// show returns bytes in a form for messages.
func show(b []byte) string {
	if len(b) <= 40 {
		return fmt.Sprintf("%q", b)
	}
	return fmt.Sprintf("%q... (%d bytes)", b[:24], len(b))
}
