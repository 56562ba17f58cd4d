package files

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"lsmlab/engines/vfs"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/model"
	"lsmlab/powerfail/oracle"
)

// Bounds of a hunt.
const (
	huntChecks   = 400 // in all
	weakestTries = 40  // random states of each weaker profile
)

// hunt looks for the least state that shows a finding: the weakest profile, and the fewest
// losses.
type hunt struct {
	*checker
	ctx    context.Context
	at     *replay // at the position of the finding
	crash  crash
	broken *oracle.Violation
	output string // of the command that failed
	checks int
}

// found makes a finding of a broken state, unless its cause is known.
func (r *run) found(ctx context.Context, stop func(), c *checker, s crash, broken *oracle.Violation) error {
	r.hunting.Lock()
	defer r.hunting.Unlock()
	if ctx.Err() != nil {
		return nil // there is enough
	}
	h := &hunt{checker: c, ctx: ctx, crash: s, broken: broken, at: newReplay(r.Log, r.generator.kind.Lies)}
	if err := h.at.to(s.position); err != nil {
		return err
	}
	h.shows(s.state.Again(h.at.mem)) // again, for what it says
	weakest := explore.Profile("")   // a kill needs none
	if !s.state.ProcessCrash {
		weakest = h.weakest()
		h.shrink()
	}
	cause := h.cause()
	if r.Causes[cause] {
		if r.known++; r.known >= knownHits {
			stop()
		}
		return nil
	}
	f, err := h.finding(weakest)
	if err != nil {
		return err
	}
	r.Causes[cause] = true
	r.findings = append(r.findings, f)
	if len(r.findings) >= max(1, r.Findings) {
		stop()
	}
	return nil
}

// shows says whether a state of the same position breaks the same rule. If it does, it becomes
// the state of the finding.
func (h *hunt) shows(s model.State) bool {
	if h.checks++; h.checks > huntChecks {
		return false
	}
	broken, err := h.check(h.ctx, s.Disk, h.crash.position)
	if err != nil || broken == nil || !disk.SameCause(broken, h.broken) {
		return false
	}
	s.Disk = nil
	h.crash.state, h.broken, h.output = s, broken, disk.Said(h.judge)
	return true
}

// weakest looks for a state of a weaker profile.
func (h *hunt) weakest() explore.Profile {
	rng := rand.New(rand.NewPCG(h.Seed, 1))
	at := h.at
	defer func() { h.at = at }()
	if at.lies {
		h.at = newReplay(h.Log, false)
		if h.at.to(h.crash.position) != nil {
			return h.Profile
		}
	}
	draw := func(k model.Kind) model.State { return (&generator{kind: k, rng: rng}).draw(h.at).state }
	p, found := model.Weakest(h.at.mem, h.Profile, weakestTries, draw, h.shows)
	if found {
		at = h.at
	}
	return p
}

// shrink restores every loss that the violation does not need.
func (h *hunt) shrink() { model.Shrink(h.at.mem, h.crash.state, h.shows) }

var numbers = regexp.MustCompile(`[0-9]+`)

// cause names a finding by what must be lost for it: content or entries, and of which files,
// without the numbers in their names. Findings of one name are taken for one mistake.
func (h *hunt) cause() string {
	var lost []string
	h.crash.state.EachLoss(h.at.mem, func(site vfs.CrashSite, _, _ int) {
		what := "content "
		if site.Kind == vfs.SiteEntry || site.Kind == vfs.SiteEntries {
			what = "entries "
			site.File = filepath.Dir(site.File)
		}
		lost = append(lost, what+numbers.ReplaceAllString(site.File, "N"))
	})
	slices.Sort(lost)
	if lost = slices.Compact(lost); len(lost) == 0 {
		e := h.next(h.crash.position)
		lost = []string{"nothing before " + string(e.Kind) + " " + numbers.ReplaceAllString(h.at.names[e.File]+e.Path, "N")}
	}
	return string(h.broken.Rule) + ": " + strings.Join(lost, ", ")
}
