package harness

import (
	"slices"
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
	if err := addControl(p, expand); err != nil {
		return err
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

// addControl adds the control of a plan to its engines, right behind the one that it
// repeats.
func addControl(p *result.Plan, expand func([]string) ([]string, error)) error {
	if p.Control == "" || len(p.Engines) == 0 {
		return nil
	}
	if result.IsAgain(p.Control) {
		return wrong("control", "is %s: name the engine that it repeats", p.Control)
	}
	name := p.Engines[0]
	if p.Control != result.FirstEngine {
		names, err := expand([]string{p.Control})
		if err != nil || len(names) != 1 {
			return wrong("control", "is %s: want one engine of the plan, or %s", p.Control, result.FirstEngine)
		}
		name = names[0]
	}
	at := slices.Index(p.Engines, name)
	if at < 0 {
		return wrong("control", "is %s: want one engine of the plan, which has %s, or %s", name, strings.Join(p.Engines, ", "), result.FirstEngine)
	}
	p.Control = name
	if again := name + result.Again; !slices.Contains(p.Engines, again) {
		p.Engines = slices.Insert(p.Engines, at+1, again)
	}
	return nil
}
