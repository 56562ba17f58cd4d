package disk

import (
	"math/rand/v2"
	"strings"

	"lsmlab/powerfail/blocklog"
)

// Crash is a state that a power cut left, and from which another run begins.
type Crash struct {
	Image *blocklog.Image
	// Marks are the begin and ack marks of all earlier runs, in order.
	Marks []string
}

// Draw returns n crash states of the recording, at random, for another run that is
// recorded and cut again.
func (x *Exploration) Draw(n int) (crashes []Crash, err error) {
	r, err := x.begin()
	if err != nil {
		return nil, err
	}
	g := r.generator
	g.rng = rand.New(rand.NewPCG(x.Seed, 3)) // others than those of Run
	cuts := r.journal.cuts(g.start, g.end)
	for range n {
		position := g.position(cuts)
		c := Crash{}
		if g.adversary.keeps == nil {
			c.Image = g.near(position, true).image
		} else {
			c.Image = g.random(position).image
		}
		for _, m := range x.Log.Marks {
			if m.Position <= position && toldOfWrite(m.Text) {
				c.Marks = append(c.Marks, m.Text)
			}
		}
		crashes = append(crashes, c)
	}
	return crashes, nil
}

// Acked returns the IDs that were acknowledged before the cut, in order.
func (c *Crash) Acked() (ids []string) {
	for _, text := range c.Marks {
		if id, ok := strings.CutPrefix(text, ackPrefix); ok {
			ids = append(ids, id)
		}
	}
	return ids
}
