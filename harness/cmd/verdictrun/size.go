package verdictrun

import (
	"time"

	"lsmlab/harness/result"
	"lsmlab/harness/verdict"
)

// size says how much is measured.
type size struct {
	races      []raceSize
	simStates  int64 // crash states of a profile on a simulated disk
	fileStates int64 // crash states of a profile on recorded files
	scripts    int   // random scripts of each form in the probe of isolation
}

// raceSize is a race by a plan that is changed.
type raceSize struct {
	dir, plan string
	change    func(*result.Plan)
}

// sizes has them by name. The full one is meant to take under an hour for all engines on two
// quiet cores, so the search for lasting rates is of one work, with short trials, and stores that are opened
// have a tenth of the keys of plan used.
var sizes = map[string]size{
	verdict.Full: {
		races: []raceSize{
			{"race", "default", func(*result.Plan) {}},
			{"lasting", "lasting", func(p *result.Plan) {
				p.Workloads, p.Rounds, p.Control = []string{"overwrite"}, 3, ""
				p.Keys, p.Duration, p.Steady = 200_000, result.Duration(3*time.Second), result.Duration(3*time.Second)
			}},
			{"restart", "used", func(p *result.Plan) { p.Keys, p.Ops, p.Rounds, p.MemTableSize = 300_000, 10_000, 5, 4<<20 }},
		},
		simStates: 20_000, fileStates: 1000, scripts: 200,
	},
	verdict.Quick: {
		races: []raceSize{
			{"race", "quick", func(p *result.Plan) { p.Keys, p.Duration = 5000, result.Duration(100*time.Millisecond) }},
			{"lasting", "lasting", func(p *result.Plan) {
				p.Workloads, p.Rounds, p.Control = []string{"overwrite"}, 1, ""
				p.Keys, p.Duration, p.Steady, p.Sustain = 5000, result.Duration(100*time.Millisecond), 0, result.Duration(time.Second)
			}},
			{"restart", "used", func(p *result.Plan) { p.Keys, p.Ops, p.CacheSize, p.MemTableSize = 3000, 300, 0, 0 }},
		},
		simStates: 300, fileStates: 30, scripts: 5,
	},
}
