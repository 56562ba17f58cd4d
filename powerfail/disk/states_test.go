package disk

import (
	"bytes"
	"testing"

	"lsmlab/engines/testseed"
	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/internal/tiertest"
)

// The choices of every state make that state again, also when the generator has
// gone on: findings are shown again by it.
func TestChoicesAgain(t *testing.T) {
	var file bytes.Buffer
	r := blocklog.NewRecorder(&file, 64<<10)
	for i := range int64(6) {
		r.Done(r.Write(i%3*blocklog.BlockSize, bytes.Repeat([]byte{'a' + byte(i)}, blocklog.BlockSize), false))
		if i%2 == 1 {
			r.Done(r.Flush())
		}
	}
	tiertest.Check(t, r.Close())
	log := tiertest.Must(blocklog.Decode(file.Bytes()))(t)
	g := &generator{
		disk: tiertest.Must(blocklog.NewDisk(log, 0))(t), end: log.End, states: 200,
		adversary: adversaryOf(explore.PosixStrict), journal: newJournal(log, explore.Patterns()), rng: testseed.Rand(t),
	}
	var states []state
	for s := range g.all(func() bool { return true }) {
		if states = append(states, s); len(states) == 200 {
			break
		}
	}
	for i, s := range states {
		again := g.make(s.position, s.model, explore.Follow[blocklog.Site](s.choices))
		if again.image.Fingerprint() != s.image.Fingerprint() {
			t.Errorf("state %d, at position %d: the choices %v make another one", i, s.position, s.choices)
		}
	}
}
