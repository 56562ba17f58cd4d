package files

import (
	"math/rand/v2"
	"slices"

	"lsmlab/engines/vfs"
	"lsmlab/powerfail/explore"
)

// Crash is a state that a crash left. Another run of the program is recorded on it and crashed
// again.
type Crash struct {
	// Marks are the marks of all earlier runs, in order.
	Marks []string
	Acked []string // their IDs
	// Fill puts the files into a directory.
	Fill func(dir string) error
}

// Draw returns n random crash states of the recording. They differ from those that Run draws.
func (x *Exploration) Draw(n int) (crashes []Crash, err error) {
	whole := newReplay(x.Log, false)
	if err := whole.to(x.Log.end); err != nil {
		return nil, err
	}
	g := x.newGenerator()
	g.rng = rand.New(rand.NewPCG(x.Seed, 3))
	var positions []int
	for range n {
		positions = append(positions, g.drawPosition())
	}
	slices.Sort(positions)
	r := newReplay(x.Log, g.kind.Lies)
	for _, p := range positions {
		if err := r.to(p); err != nil {
			return nil, err
		}
		s := r.make(g.kind.Durable(), explore.Durable[vfs.CrashSite])
		if g.kind.Keeps != nil {
			s = g.draw(r)
		}
		c := Crash{Fill: func(dir string) error { return writeTree(s.state.Disk, dir, whole.modes) }}
		for _, a := range x.Log.acks(p) {
			c.Acked = append(c.Acked, a.ID)
			c.Marks = append(c.Marks, ackPrefix+a.ID)
		}
		crashes = append(crashes, c)
	}
	return crashes, nil
}
