package disk

import (
	"context"
	"math/rand/v2"
	"regexp"

	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
)

// Bounds of the search for the least state that shows a finding, in checks.
const (
	shrinkLimit = 300 // to give back what need not be lost
	hereLimit   = 20  // under each weaker profile, at the finding's position
	thereLimit  = 150 // under each weaker profile, at others
)

// hunt looks for the least state that shows a finding: the weakest profile, and the fewest
// losses.
type hunt struct {
	*run
	ctx     context.Context
	checker *checker
}

// shows says whether a state breaks the rule of the finding too. If it does, it becomes
// the state of the finding.
func (h *hunt) shows(s state) bool {
	broken, err := h.checker.check(h.ctx, s.image, s.position)
	if err != nil || broken == nil || !SameCause(broken, h.broken) {
		return false
	}
	h.state, h.broken, h.said = s, broken, said(h.checker.judge)
	return true
}

// weakest looks for a state of a weaker profile that shows the finding, first at the
// finding's position and then at all others. It leaves out the profiles that were
// explored before without a finding.
func (h *hunt) weakest() explore.Profile {
	for _, p := range h.Profile.Weaker() {
		if h.Silent[p] {
			continue
		}
		g := *h.generator
		g.adversary, g.states = adversaryOf(p), thereLimit
		g.rng = rand.New(rand.NewPCG(h.Seed, 1))
		if h.here(&g) || h.there(&g) {
			return p
		}
	}
	return h.Profile
}

func (h *hunt) here(g *generator) bool {
	position := h.state.position
	for n := range hereLimit {
		if h.shows(g.near(position, n == 0)) {
			return true
		}
		if g.adversary.keeps == nil {
			break
		}
	}
	return false
}

func (h *hunt) there(g *generator) bool {
	met, n, novel := map[uint64]bool{}, 0, false
	for s := range g.all(func() bool { return novel }) {
		key := h.key(s)
		novel = !met[key]
		if !novel {
			continue
		}
		met[key] = true
		if n++; n > thereLimit || h.ctx.Err() != nil {
			break
		}
		if h.shows(s) {
			return true
		}
	}
	return false
}

// shrink restores every loss that the violation does not need.
func (h *hunt) shrink() {
	position, model, checks := h.state.position, h.state.model, 0
	explore.Shrink(h.state.choices, func(t explore.Choices) bool {
		checks++
		return checks <= shrinkLimit && h.shows(h.generator.make(position, model, explore.Follow[blocklog.Site](t)))
	})
}

var numbers = regexp.MustCompile(`[0-9]+`)

// Cause names the mistake that a violation shows, as far as it can be told. The name is the
// rule and, if a person's own check command printed what is wrong, its words without
// their numbers.
func Cause(v *oracle.Violation) string {
	if v.Rule != RuleCheck && v.Rule != RuleReopen {
		return string(v.Rule)
	}
	return string(v.Rule) + ": " + numbers.ReplaceAllString(v.Detail, "N")
}

// SameCause says whether two violations show one mistake.
func SameCause(a, b *oracle.Violation) bool { return Cause(a) == Cause(b) }
