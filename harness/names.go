package harness

import (
	"strings"

	"lsmlab/engines/nearest"
	"lsmlab/harness/micro"
	"lsmlab/harness/result"
)

// Groups of engines, or of bare MemTables. They stand for their members in plans and on
// the command line.
const (
	ownGroup   = "@own"
	peersGroup = "@peers"
)

// Expand returns names with each group replaced by its members: "@own" by the engines
// of this module, "@peers" by all others of this build. Names with options are returned
// in canonical form, so that no engine has two names.
func (c Catalog) Expand(names []string) ([]string, error) {
	return members(names, c.Engines, func(name string) (string, bool, error) {
		info, err := c.Lookup(name)
		return info.Name, info.Own, err
	})
}

// expandKind is Expand for the contenders of a kind; unknown names come back as they
// are.
func expandKind(k micro.Kind) func(names []string) ([]string, error) {
	return func(names []string) ([]string, error) {
		return members(names, k.ContenderNames(), func(name string) (string, bool, error) {
			c, _ := k.Contender(name)
			return name, c.Own, nil
		})
	}
}

func members(names, known []string, lookup func(string) (canonical string, own bool, err error)) (all []string, err error) {
	for _, name := range names {
		if !strings.HasPrefix(name, "@") {
			canonical, _, err := lookup(name)
			if err != nil {
				return nil, err
			}
			all = append(all, canonical)
			continue
		}
		if name != ownGroup && name != peersGroup {
			return nil, nearest.Unknown("group of engines", name, []string{ownGroup, peersGroup})
		}
		for _, k := range known {
			_, own, err := lookup(k)
			if err != nil {
				return nil, err
			}
			if own == (name == ownGroup) {
				all = append(all, k)
			}
		}
	}
	return all, nil
}

// expandPlan replaces groups in a plan and in its targets by their members, so that a
// run directory says what was raced.
func expandPlan(cat Catalog, p *result.Plan) (err error) {
	expand := cat.Expand
	if kind := p.KindName(); kind != "" {
		k, err := cat.Kind(kind)
		if err != nil {
			return wrong("kind", "is wrong: %w", err)
		}
		expand = expandKind(k)
	}
	if p.Engines, err = expand(p.Engines); err != nil {
		return wrong("engines", "is wrong: %w", err)
	}
	if p.Targets == nil {
		return nil
	}
	targets := *p.Targets
	if targets.Own, err = expand(targets.Own); err != nil {
		return wrong("targets", "is wrong: %w", err)
	}
	p.Targets = &targets
	return nil
}
