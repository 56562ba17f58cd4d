package netsim

import (
	"math/rand/v2"
	"slices"
)

// Shape bounds what draw draws.
type Shape struct {
	Members []int // to choose from; default 3, 3, 3 and 5
	Ticks   int   // of the horizon at most; default 24
	Clients int   // default 3
	// NoClocks lets all clocks go right, Drift go wrong by no more than leases bear. Without
	// either they go wrong by any factor, and leases promise nothing.
	NoClocks, Drift bool
	NoPower         bool
}

// dice are how likely a message or a write to a disk is to go wrong, in one schedule.
type dice struct {
	*rand.Rand
	loss, repeat, delay, slow float64
	units                     int    // of a delay at most
	kinds                     uint32 // of messages that go wrong: a bit for each kindOf
}

// generate draws the events of a schedule that have a time. Those of messages and disks
// are drawn by the dice when it runs. Each schedule has a few of all kinds of fault
// (swarm testing, Groce et al. 2012): all at once hide each other.
//
// Leases add hand-overs of leadership, and clients that stand still while they read.
func generate(seed uint64, shape Shape, leases bool) (*Schedule, *dice) {
	rng := rand.New(rand.NewPCG(seed, 0x6e657473696d))
	members := shape.Members
	if len(members) == 0 {
		members = []int{3, 3, 3, 5}
	}
	ticks := max(shape.Ticks, 0)
	if ticks == 0 {
		ticks = 24
	}
	clients := max(shape.Clients, 0)
	if clients == 0 {
		clients = 3
	}
	s := &Schedule{Seed: seed, Members: members[rng.IntN(len(members))]}
	s.Horizon = int64((ticks/2 + rng.IntN(ticks/2+1)) * tickUnits)
	g := generator{rng, s, clocks, leases, electionTicks(leases) * tickUnits}
	if shape.Drift {
		g.clocks = drifting
	}
	kinds := []Kind{Cut, CutFrom, Hold, Stall, Crash, Power, Clock, Jump}
	if leases {
		kinds = append(kinds, Transfer)
	}
	for _, kind := range kinds {
		wrong := kind == Clock && shape.NoClocks || kind == Jump && (shape.NoClocks || shape.Drift)
		if wrong || kind == Power && shape.NoPower || rng.IntN(2) > 0 {
			continue
		}
		for range 1 + rng.IntN(2) {
			g.fault(kind)
		}
	}
	if !shape.NoClocks && s.Horizon > 12*tickUnits && rng.IntN(4) == 0 {
		g.depose(1 + rng.IntN(clients))
	}
	if leases && rng.IntN(2) == 0 {
		g.contend(1+rng.IntN(clients), shape)
	}
	faults := slices.DeleteFunc(slices.Clone(s.Events), func(e Event) bool { return e.Kind == Read || e.Kind == Write })
	reads := []int{20, 50, 80}[rng.IntN(3)]
	for range 3 + rng.IntN(ticks/2<<rng.IntN(3)) {
		g.operation(clients, reads, faults)
	}
	d := networks[rng.IntN(len(networks))]
	d.Rand, d.kinds = rng, ^uint32(0)
	if rng.IntN(2) == 0 {
		d.kinds = rng.Uint32() // all other messages are on time, so that leaders are elected none the less
	}
	return s, &d
}

// networks are the ways in which messages and disks go wrong.
var networks = []dice{
	{loss: 0.02, slow: 0.1, units: 20},
	{loss: 0.1, repeat: 0.02, delay: 0.1, units: 40},
	{repeat: 0.1, delay: 0.1, slow: 0.4, units: 10},
	{loss: 0.02, repeat: 0.4, delay: 0.4, slow: 0.02, units: 120}, // everything comes again, and late
	{repeat: 0.2, delay: 0.1, units: 300},                         // well, but for some that come from another time
	{repeat: 0.8, units: 200},                                     // all on time, and most of them again much later
}

// How long the ticks of clocks that go wrong take: two that are fast and some that are slow.
// Those that drift do so by less than what leases bear: a factor of 5/4 between any two of
// them with time-outs of six ticks.
var (
	clocks   = []int64{2, 5, 20, 50, 100}
	drifting = []int64{9, 10, 11}
)

type generator struct {
	*rand.Rand
	s       *Schedule
	clocks  []int64
	leases  bool
	timeout int64 // of elections at least, in units
}

func (g *generator) when() int64 { return g.Int64N(g.s.Horizon) }
func (g *generator) member() int { return 1 + g.IntN(g.s.Members) }

// near returns a time about one of some faults, or any.
func (g *generator) near(faults []Event, before, after int64) int64 {
	if len(faults) == 0 || g.IntN(2) == 0 {
		return g.when()
	}
	f := &faults[g.IntN(len(faults))]
	return min(max(0, f.At-before+g.Int64N(before+f.For+after)), g.s.Horizon-1)
}

// operation draws what a client does: a read with a chance in per cent. Half of all are
// about the time of a fault.
func (g *generator) operation(clients, reads int, faults []Event) {
	e := Event{Kind: Write, At: g.near(faults, 4*tickUnits, 4*tickUnits), Client: 1 + g.IntN(clients)}
	elsewhere := 4 // one write in so many is tried where nobody need lead
	if g.IntN(100) < reads {
		e.Kind, elsewhere = Read, 2
	}
	if g.IntN(elsewhere) == 0 {
		e.Node = g.member()
	}
	if e.Kind == Read && g.leases && g.IntN(3) == 0 {
		e.Pause = []int64{g.Int64N(2 * g.timeout), g.Int64N(2 * g.timeout)}
		e.Pause[g.IntN(2)] /= 10
	}
	g.s.Events = append(g.s.Events, e)
}

// fault draws a fault. Half of them begin with another one, as faults have common causes.
func (g *generator) fault(kind Kind) {
	e := Event{Kind: kind, At: g.when()}
	if n := len(g.s.Events); n > 0 && g.IntN(2) == 0 {
		e.At = g.s.Events[g.IntN(n)].At + g.Int64N(tickUnits)
	}
	switch kind {
	case Clock:
		e.Units = g.clocks[g.IntN(len(g.clocks))]
	case Jump:
		e.Units = 1 + g.Int64N(10)
	case Transfer:
		if e.Node = g.member(); g.IntN(2) == 0 {
			e.Nodes = []int{g.member()}
		}
	default:
		e.For = tickUnits/2 + g.Int64N(g.s.Horizon/int64(1+g.IntN(2)))
		e.Seed = g.Uint64()
		most := max(1, (g.s.Members-1)/2) // a minority, or any set
		if g.IntN(3) == 0 {
			most = g.s.Members
		}
		if g.IntN(2) == 0 {
			break // who leads then
		}
		e.Nodes = g.Perm(g.s.Members)[:1+g.IntN(most)]
		for i := range e.Nodes {
			e.Nodes[i]++
		}
	}
	if (kind == Clock || kind == Jump) && g.IntN(2) == 0 {
		e.Node = g.member()
	}
	g.s.Events = append(g.s.Events, e)
}

// depose cuts off a leader whose clock is slow, so that others elect one while the first
// believes that it leads; a client reads before that, and writes and reads then. Chance
// alone brings these about in one schedule of a hundred, and it is where stale reads are.
func (g *generator) depose(client int) {
	at := 3*tickUnits + g.Int64N(g.s.Horizon/4)
	g.s.Events = append(g.s.Events,
		Event{Kind: Clock, At: at - g.Int64N(tickUnits), Units: g.clocks[2+g.IntN(len(g.clocks)-2)]},
		Event{Kind: []Kind{Cut, Stall}[g.IntN(2)], At: at, For: g.s.Horizon / 2, Seed: g.Uint64()})
	for range 2 + g.IntN(4) {
		g.s.Events = append(g.s.Events, Event{Kind: Read, At: at - g.Int64N(2*tickUnits), Client: client, Node: g.member()})
	}
	for range 2 + g.IntN(4) {
		later := at + 2*g.timeout - 2*tickUnits + g.Int64N(g.s.Horizon/3)
		g.s.Events = append(g.s.Events, Event{Kind: Write, At: later, Client: client},
			Event{Kind: Read, At: later + tickUnits + g.Int64N(2*tickUnits), Client: client})
	}
}

// contend has another leader elected as early as can be while the first one is cut off and
// its lease lasts as long as can be: clocks of the others are fast and that of the leader
// slow, one of the others forgets by a restart whom it has heard of, or the leader is asked
// to hand over. A client writes and reads all the while.
func (g *generator) contend(client int, shape Shape) {
	at := 3*tickUnits + g.Int64N(g.s.Horizon/4)
	if !shape.NoClocks {
		for id := 1; id <= g.s.Members; id++ {
			g.add(Event{Kind: Clock, At: at - 6, Node: id, Units: g.clocks[0]})
		}
		g.add(Event{Kind: Clock, At: at - 5, Units: g.clocks[len(g.clocks)-1]})
	}
	if g.IntN(2) == 0 {
		g.add(Event{Kind: Transfer, At: at - g.Int64N(4), Node: g.member()})
	}
	g.add(Event{Kind: []Kind{Cut, Stall}[g.IntN(2)], At: at, For: 3 * g.timeout, Seed: g.Uint64()})
	for id := 1; id <= g.s.Members && g.IntN(2) == 0; id++ {
		g.add(Event{Kind: Crash, At: at + 1 + g.Int64N(tickUnits), Nodes: []int{id}, For: 1 + g.Int64N(tickUnits/2), Seed: g.Uint64()})
	}
	for range 6 + g.IntN(6) {
		later := at + tickUnits + g.Int64N(2*g.timeout)
		g.add(Event{Kind: Write, At: later, Client: client})
		g.add(Event{Kind: Read, At: later + g.Int64N(tickUnits), Client: client})
	}
}

func (g *generator) add(e Event) { g.s.Events = append(g.s.Events, e) }

// message returns how long the copies of a message of a kind take.
func (d *dice) message(kind int) []int64 {
	if d.kinds>>kind&1 == 0 {
		return onTime
	}
	x := d.Float64()
	switch {
	case x < d.loss:
		return nil
	case x < d.loss+d.repeat:
		return []int64{linkUnits, linkUnits + 1 + d.Int64N(int64(d.units))}
	case x < d.loss+d.repeat+d.delay:
		return []int64{linkUnits + 1 + d.Int64N(int64(d.units))}
	}
	return onTime
}

var onTime = []int64{linkUnits}

// disk returns how long work on a store takes.
func (d *dice) disk() int64 {
	if d.Float64() < d.slow {
		return writeUnits + 1 + d.Int64N(int64(d.units))
	}
	return writeUnits
}
