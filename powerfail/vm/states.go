package vm

import (
	"fmt"
	"math/rand/v2"

	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
)

// The methods that record the operations on the disk make many crash states of one run. One
// more machine judges them all, one after the other. Between two states its disk is
// exchanged, while the disk is not mounted.

// state is one crash state of a recorded disk.
type state struct {
	position int64
	model    blocklog.Model
	choose   blocklog.Chooser
	words    string
}

// explore judges states of a disk. Equal states are judged once. from is the first position
// at which the power may be cut.
func (x *experiment) explore(log *blocklog.Log, from int64, h *oracle.History, states []state) (*Outcome, error) {
	disk, err := blocklog.NewDisk(log, from)
	if err != nil {
		return nil, err
	}
	judged := newMemoryDisk(blocklog.NewImage(log.Size))
	m, err := x.boot(drive{Source: newNBDSource(judged)})
	if err != nil {
		return nil, err
	}
	defer m.kill()
	if err := putHistory(m, h); err != nil {
		return nil, err
	}
	o := &Outcome{History: h}
	// The same content may be right at one position and wrong at a later one.
	type key struct {
		content  uint64
		position int64
	}
	seen := map[key]bool{}
	for _, s := range states {
		var choices explore.Choices
		image := disk.Crash(s.position, s.model, explore.Record(s.choose, &choices))
		o.Explored++
		cut := oracle.Cut{Position: s.position, Kind: oracle.PowerOff}
		k := key{image.Fingerprint(), s.position}
		if seen[k] {
			continue
		}
		seen[k] = true
		o.Distinct++
		judged.exchange(image)
		v, err := x.judge(m, dataDevice, cut)
		if err != nil {
			return nil, err
		}
		o.Judged = append(o.Judged, Judged{Cut: cut, State: s.words, Choices: choices, Verdict: v})
		if enough := x.workload.Enough; enough != nil && v.Broken != nil && enough(v.Broken) {
			break
		}
	}
	return o, nil
}

// someStates chooses n states at random positions. A state loses all pending operations, none,
// or a share of them, torn at sectors.
func someStates(rng *rand.Rand, from, end int64, n int) []state {
	var states []state
	for i := range n {
		position := from + rng.Int64N(end-from) + 1
		s := state{position: position, model: blocklog.Model{Sector: 512}}
		switch keep := []int{0, 30, 60, 100}[i%4]; keep {
		case 0:
			s.choose, s.words = blocklog.KeepNone, "what is not durable is lost"
		case 100:
			s.choose, s.words = blocklog.KeepAll, "all that was issued is there"
		default:
			s.choose, s.words = keepShare(rng, keep), fmt.Sprintf("about %d%% of what is pending is there, torn at sectors", keep)
		}
		states = append(states, s)
	}
	return states
}

// keepShare keeps each pending operation as a whole with the given probability, in percent. All
// others are lost or torn.
func keepShare(rng *rand.Rand, percent int) blocklog.Chooser {
	return func(_ blocklog.Site, n int) int {
		if rng.IntN(100) < percent {
			return n - 1
		}
		return rng.IntN(n)
	}
}

// finish runs the worker to its end. It returns an error if the worker failed.
func (x *experiment) finish(m *machine, r *recorder, device string) error {
	if err := x.start(m, device); err != nil {
		return err
	}
	if err := r.follow(m.worker, interrupts{}); err != nil {
		return err
	}
	status, ok := workerStatus(m)
	if !ok {
		return fmt.Errorf("the worker failed%s", status)
	}
	return nil
}
