package netsim

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"lsmlab/engines"
	"lsmlab/engines/cluster/etcdraft"
	"lsmlab/engines/kv"
	"lsmlab/engines/testseed"
	"lsmlab/engines/vfs"
	"lsmlab/powerfail/bugs"
	"lsmlab/powerfail/explore"
)

func opener(t testing.TB, engine string) OpenFunc {
	t.Helper()
	info, err := engines.Lookup(engine)
	if err != nil {
		t.Fatal(err)
	}
	return func(fs vfs.FS, d kv.Durability) (kv.Engine, error) {
		return info.Open("/db", engines.Options{FS: fs, Durability: d, Small: true})
	}
}

func sound(t testing.TB) Options {
	return Options{Open: opener(t, "lsm-bptree"), Core: etcdraft.New}
}

// campaign runs schedules from a fresh seed and fails at a finding.
func campaign(t *testing.T, o Options, shape Shape, schedules uint64) {
	t.Helper()
	c := Campaign{Options: o, Shape: shape, Seed: testseed.New(t), Schedules: schedules}
	counts, found := c.Run(t.Context())
	if found != nil {
		t.Fatalf("%v\n%s", found, found.Diagram)
	}
	t.Logf("%+v", counts)
}

func many(n uint64) uint64 {
	if testing.Short() {
		return n / 10
	}
	return n
}

// TestSound lets all that may go wrong go wrong: nothing is lost, stale or stuck.
func TestSound(t *testing.T) { campaign(t, sound(t), Shape{}, many(5000)) }

// TestSizes does so in groups of all sizes, for longer.
func TestSizes(t *testing.T) {
	campaign(t, sound(t), Shape{Members: []int{1, 2, 4, 5}, Ticks: 80}, many(500))
}

// TestAlone starts a member that is alone again, and reads before it has committed an entry
// of its new term: the library would give the index up to which the state is then, and the
// last write is behind it.
func TestAlone(t *testing.T) {
	s := &Schedule{Seed: 2480317533566944297, Members: 1, Horizon: 455, Events: []Event{
		{Kind: Write, At: 59, Client: 1}, {Kind: Write, At: 60, Client: 3}, {Kind: Write, At: 71, Client: 3},
		{Kind: Write, At: 138, Client: 2}, {Kind: Write, At: 164, Client: 1},
		{Kind: Write, At: 194, Client: 3}, {Kind: Write, At: 196, Client: 2, Node: 1},
		{Kind: Crash, At: 307, Nodes: []int{1}, For: 112},
		{Kind: Read, At: 449, Client: 3, Node: 1},
		{Kind: Disk, Node: 1, Type: "state", Nth: 7, Units: 4},
		{Kind: Disk, Node: 1, Type: "log", Nth: 13, Units: 9},
	}}
	if r := Run(sound(t), s); r.Broken != nil {
		t.Errorf("%v\n%s", r.Broken, Diagram(sound(t), s))
	}
}

// TestStaleRead runs what gives a stale read over v3.6.0 of the library: see raft36.
func TestStaleRead(t *testing.T) {
	text, err := os.ReadFile("testdata/retried.json")
	if err != nil {
		t.Fatal(err)
	}
	s := &Schedule{}
	if err := json.Unmarshal(text, s); err != nil {
		t.Fatal(err)
	}
	if r := Run(sound(t), s); r.Broken != nil {
		t.Errorf("%v\n%s", r.Broken, Diagram(sound(t), s))
	}
}

// TestPebble lets all go wrong over an engine that is not ours.
func TestPebble(t *testing.T) {
	campaign(t, Options{Open: opener(t, "pebble"), Core: etcdraft.New}, Shape{NoPower: true}, many(100))
}

func leases(t testing.TB) Options {
	o := sound(t)
	o.LeaseReads = true
	return o
}

// TestLeases reads by leases, which are sound while clocks go right, with clients that stand
// still while they read, and leaders that are asked to hand over.
func TestLeases(t *testing.T) { campaign(t, leases(t), Shape{NoClocks: true, Ticks: 40}, many(2000)) }

// TestLeasesDrift lets clocks go wrong by less than leases bear.
func TestLeasesDrift(t *testing.T) { campaign(t, leases(t), Shape{Drift: true, Ticks: 40}, many(4000)) }

// TestLeasesBeyond lets them go wrong by more: a stale read is found. Without leases the
// schedule is harmless.
func TestLeasesBeyond(t *testing.T) {
	c := Campaign{Options: leases(t), Shape: Shape{Members: []int{3}, Ticks: 32}, Seed: testseed.New(t), Schedules: 200_000}
	counts, found := c.Run(t.Context())
	if found == nil || found.Rule != ruleStale {
		t.Fatalf("%+v: %v, want a stale read", counts, found)
	}
	t.Logf("%+v\n%v\n%s", counts, found, found.Diagram)
	if !slices.ContainsFunc(found.Schedule.Events, func(e Event) bool { return e.Kind == Clock || e.Kind == Jump }) {
		t.Error("the clocks go right")
	}
	if broken := found.Replay(sound(t)); broken != nil {
		t.Errorf("without leases: %v", broken)
	}
}

// TestLeasesOfWrongClocks shows why clocks must go right: the slow one of a leader that is
// cut off keeps its lease while the others elect another.
func TestLeasesOfWrongClocks(t *testing.T) {
	s := &Schedule{Seed: 1, Members: 3, Horizon: 500, Events: []Event{
		{Kind: Write, At: 20, Client: 1},
		{Kind: Clock, At: 40, Node: 1, Units: 1000},
		{Kind: Cut, At: 60, Nodes: []int{1}, For: 400}, // before the others, which hear nothing more, elect one
		{Kind: Write, At: 260, Client: 1},
		{Kind: Read, At: 280, Client: 1, Node: 1},
	}}
	r := Run(leases(t), s)
	if r.Broken == nil || r.Broken.Rule != ruleStale {
		t.Errorf("%v, want a stale read\n%s", r.Broken, Diagram(leases(t), s))
	}
	if r := Run(sound(t), s); r.Broken != nil {
		t.Errorf("without leases: %v", r.Broken)
	}
}

// TestLeasePause lets a client stand still in the middle of a read, until another leader has
// acknowledged a write. Whenever it reads then, it does not take what it has for the answer.
func TestLeasePause(t *testing.T) {
	for _, pause := range [][]int64{{0, 250}, {250, 0}, {125, 125}} {
		s := &Schedule{Seed: 1, Members: 3, Horizon: 500, Events: []Event{
			{Kind: Write, At: 20, Client: 1},
			{Kind: Cut, At: 60, Nodes: []int{1}, For: 400},
			{Kind: Read, At: 61, Client: 1, Node: 1, Pause: pause},
			{Kind: Write, At: 260, Client: 1},
			{Kind: Read, At: 290, Client: 1},
		}}
		drawn := Diagram(leases(t), s)
		if r := Run(leases(t), s); r.Broken != nil || !strings.Contains(drawn, "no lease]") {
			t.Errorf("pauses %v: %v\n%s", pause, r.Broken, drawn)
		}
	}
}

// TestRepeats draws schedules, and runs what was drawn again: all must happen alike, also
// if fates come from the list of events.
func TestRepeats(t *testing.T) {
	t.Run("ReadIndex", func(t *testing.T) { testRepeats(t, sound(t)) })
	t.Run("leases", func(t *testing.T) { testRepeats(t, leases(t)) })
}

// TestLeaseForgotten has member 3, which hears nothing from the leader, stand for election
// just after member 2, which confirmed the leader's lease, has started again and forgotten
// that: at one of these moments it would help to elect member 3 while the lease lasts.
func TestLeaseForgotten(t *testing.T) {
	for at := int64(60); at < 200; at++ {
		s := &Schedule{Seed: 1, Members: 3, Horizon: 500, Events: []Event{
			{Kind: Write, At: 20, Client: 1},
			{Kind: Crash, At: at, Nodes: []int{2}, For: 1},
			{Kind: Cut, At: at, Nodes: []int{1}, For: 200},
		}}
		for nth := 3; nth < 60; nth++ {
			s.Events = append(s.Events, Event{Kind: Message, Node: 1, To: 3, Type: "Heartbeat", Nth: nth})
		}
		for after := int64(15); after < 35; after += 2 {
			s.Events = append(s.Events, Event{Kind: Write, At: at + after, Client: 1}, Event{Kind: Read, At: at + after + 1, Client: 1, Node: 1})
		}
		if r := Run(leases(t), s); r.Broken != nil {
			t.Fatalf("%v\n%s", r.Broken, Diagram(leases(t), s))
		}
	}
}

func testRepeats(t *testing.T, o Options) {
	seed := testseed.New(t)
	for n := range many(200) {
		first := draw(o, seed+n, Shape{})
		if again := draw(o, seed+n, Shape{}); !reflect.DeepEqual(again, first) {
			t.Fatalf("seed %d: drawn twice, it gives %d and %d events", seed+n, first.Events, again.Events)
		}
		again := Run(o, first.Ran)
		if again.Events != first.Events || again.Units != first.Units || !reflect.DeepEqual(again.Ran, first.Ran) {
			t.Fatalf("seed %d: %d events in %d units, repeated %d in %d", seed+n, first.Events, first.Units, again.Events, again.Units)
		}
		if n >= 10 {
			continue
		}
		if drawn, again := Diagram(o, first.Ran), Diagram(o, first.Ran); drawn != again {
			t.Fatalf("seed %d: two diagrams of one run differ", seed+n)
		}
	}
}

// TestPlantedBugs plants a disk whose syncs of the log do nothing.
func TestPlantedBugs(t *testing.T) {
	bug, err := bugs.Lookup("wal-sync-skipped")
	if err != nil {
		t.Fatal(err)
	}
	for members, lost := range []bool{false, true, true, true} {
		t.Run(fmt.Sprint(members), func(t *testing.T) {
			o := sound(t)
			o.Profile = explore.DropAll
			o.Faulty, o.Wrap = []int{1, 2, 3}[:members], bug.Wrap
			c := Campaign{Options: o, Shape: Shape{Members: []int{3}}, Seed: testseed.New(t), Schedules: 20_000}
			if !lost {
				c.Schedules = many(3000)
			}
			counts, found := c.Run(t.Context())
			if (found != nil) != lost {
				t.Fatalf("%+v: %v, want a finding: %v", counts, found, lost)
			}
			if found != nil {
				t.Logf("%+v\n%v\n%s", counts, found, found.Diagram)
			}
		})
	}
}
