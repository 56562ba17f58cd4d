package disk

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/cespare/xxhash/v2"

	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/rundir"
)

// Tier is the name of this tier in run directories.
const Tier = "disk"

// Exploration explores the crash states of one recording under one profile.
type Exploration struct {
	Stage   *Stage
	LogFile string // the recording
	Log     *blocklog.Log
	Kind    FileSystem
	Judge   func() Judge // a new one; each worker has its own
	Profile explore.Profile
	Seed    uint64
	States  int64 // distinct ones to check at most
	Depth   int   // power cuts before those of this recording
	// Silent are weaker profiles that were explored and showed nothing.
	Silent map[explore.Profile]bool
	// Known, if not nil, says that a violation was found before: it is counted, and
	// the exploration goes on.
	Known   func(*oracle.Violation) bool
	Workers int // default 1; always 1 for a file system that is alone
	// Shard takes those states whose fingerprint is this number modulo Shards.
	// Shards of 0 is one.
	Shard, Shards int

	// OnRefused, if not nil, is called for the first state that the kernel does not mount,
	// with the kernel's error and with what the cut took of the file system's metadata.
	OnRefused func(why string)
	// OnDoubt, if not nil, is called for each state that broke a rule once, and did not
	// break it when it was checked again.
	OnDoubt func(what string)
	// Role says what a file of the store is for, by its path. nil: explore.Patterns.
	Role func(name string) string
	// OnState, if not nil, is called after each check with the number of checks so far.
	OnState func(distinct int64)
}

// Run explores until enough states were checked, no new states are left, or a finding was
// made. It shrinks the finding. If ctx ends, Run returns the results so far together
// with the error of ctx.
func (x *Exploration) Run(ctx context.Context) (explore.Counts, *rundir.Finding, error) {
	r, err := x.run(ctx)
	if err != nil || r.broken == nil {
		return r.counts, nil, err
	}
	f, err := r.finding(ctx)
	if f == nil && err == nil {
		delete(r.counts.Violations, string(r.broken.Rule))
	}
	return r.counts, f, err
}

// Breaks explores as Run does, and returns the rule that the finding breaks, or "" if there
// is no finding. With one worker this is the rule of the finding that Run returns.
func (x *Exploration) Breaks(ctx context.Context) (oracle.Rule, error) {
	r, err := x.run(ctx)
	if err != nil || r.broken == nil {
		return "", err
	}
	return r.broken.Rule, nil
}

// run explores. What it returns is never nil.
func (x *Exploration) run(ctx context.Context) (*run, error) {
	r, err := x.begin()
	if err != nil {
		return &run{}, err
	}
	search := explore.Search[state]{
		All: r.generator.all, Key: r.key, States: x.States, Shard: x.Shard, Shards: x.Shards, Workers: x.workers(), Made: r.made,
	}
	r.err = search.Run(ctx, r.work)
	if r.err == nil {
		r.err = ctx.Err()
	}
	if r.err == nil {
		r.err = r.trust()
	}
	return r, r.err
}

func (x *Exploration) role() func(string) string {
	if x.Role == nil {
		return explore.Patterns()
	}
	return x.Role
}

func (x *Exploration) workers() int {
	if x.Kind.Alone {
		return 1
	}
	return max(1, x.Workers)
}

// run is an exploration under way.
type run struct {
	*Exploration
	generator *generator // of the producer, until that has ended
	journal   *journal

	mu     sync.Mutex
	counts explore.Counts
	state  state             // of the finding
	broken *oracle.Violation // the finding
	said   string            // of the command that failed there

	refused *RefusedError // the first
	err     error
}

func (x *Exploration) begin() (*run, error) {
	start, ok := x.Log.Find(markStart)
	end, ended := x.Log.Find(markEnd)
	if !ok || !ended {
		return nil, fmt.Errorf("%s: no mark %q or %q: it is no whole recording of this tier", x.LogFile, markStart, markEnd)
	}
	d, err := blocklog.NewDisk(x.Log, start)
	if err != nil {
		return nil, err
	}
	r := &run{Exploration: x, journal: newJournal(x.Log, x.role())}
	r.generator = &generator{
		disk: d, start: start, end: end, adversary: adversaryOf(x.Profile), journal: r.journal,
		rng: rand.New(rand.NewPCG(x.Seed, 0)), states: x.States,
	}
	r.counts.Programs = 1
	return r, nil
}

func (r *run) made() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Explored++
}

// key tells states apart: by content, and by what must be found in it.
func (r *run) key(s state) uint64 {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], s.image.Fingerprint())
	binary.LittleEndian.PutUint64(b[8:], uint64(r.journal.acked(s.position)))
	return xxhash.Sum64(b[:])
}

// work checks states until there are no more, or one is broken.
func (r *run) work(ctx context.Context, stop func(), _ int, jobs <-chan state) (err error) {
	c, err := newChecker(r.Stage, r.Kind, r.Log.Size, r.Judge())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	for s := range jobs {
		broken, err := c.check(ctx, s.image, s.position)
		known := r.Known != nil && broken != nil && r.Known(broken)
		if broken != nil && err == nil && !known && !r.confirmed(ctx, c, s, broken, said(c.judge)) {
			broken = nil
		}
		var refused *RefusedError
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &refused):
			r.refuse(s, refused)
		case err != nil:
			return err
		case r.count(s, broken, said(c.judge)):
			stop()
		}
	}
	return nil
}

// count counts a checked state, and says whether it is the finding.
func (r *run) count(s state, broken *oracle.Violation, said string) (found bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.journal.after(s.position)
	r.counts.Distinct++
	r.counts.AtDepth(1+r.Depth, 1)
	explore.Count(&r.counts.Coverage, e.kind+" "+e.role, 1)
	for what := range r.journal.losses(s) {
		explore.Count(&r.counts.Losses, what, 1)
	}
	if broken != nil {
		explore.Count(&r.counts.Violations, string(broken.Rule), 1)
		if r.broken == nil && (r.Known == nil || !r.Known(broken)) {
			r.state, r.broken, r.said, found = s, broken, said, true
		}
	}
	if r.OnState != nil {
		r.OnState(r.counts.Distinct)
	}
	return found
}

// confirmTries is how often a state is checked again that broke a rule.
const confirmTries = 3

// confirmed says whether a state that broke a rule breaks it again. It is asked for two
// reasons: a finding must show the violation again when it is replayed, and on a shared
// machine a check may fail because of other programs.
func (r *run) confirmed(ctx context.Context, c *checker, s state, broken *oracle.Violation, first string) bool {
	for range confirmTries {
		again, err := c.check(ctx, s.image, s.position)
		if ctx.Err() != nil || again != nil && err == nil && SameCause(again, broken) {
			return true
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Unconfirmed++
	if r.OnDoubt != nil {
		r.OnDoubt(fmt.Sprintf("%v, at position %d, once, and not again in %d tries: %s", broken, s.position, confirmTries, first))
	}
	return false
}

// The environment counts as broken if at least so many states could not be mounted, and
// more than were checked.
const refusedLimit = 20

// refuse counts a state that the kernel does not mount.
func (r *run) refuse(s state, why *RefusedError) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts.Refused++; r.refused != nil {
		return
	}
	r.refused = why
	if r.OnRefused == nil {
		return
	}
	text := fmt.Sprintf("%v, at position %d", why, s.position)
	for _, l := range s.lost {
		if l.site.Kind != blocklog.SitePrefix && r.journal.roles[l.site.Op] == roleFileSystem {
			text += fmt.Sprintf("; %s %s", r.journal.layout.describe(r.Log.Ops[l.site.Op]), l.site.Outcome(l.got, l.n))
		}
	}
	r.OnRefused(text)
}

// trust returns an error if most states could not be mounted.
func (r *run) trust() error {
	if n := r.counts.Refused; n >= refusedLimit && n > r.counts.Distinct {
		return fmt.Errorf("the kernel refuses to mount %d of %d states, such as: %w: it is not the program's doing; look at the kernel's log (dmesg), or try another file system", n, n+r.counts.Distinct, r.refused.Err)
	}
	return nil
}
