package netsim

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
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

// TestLeases confirms reads by leases, which are sound while clocks go right.
func TestLeases(t *testing.T) {
	o := sound(t)
	o.LeaseReads = true
	campaign(t, o, Shape{NoClocks: true}, many(2000))
}

// TestLeasesOfWrongClocks shows why clocks must go right: the slow one of a leader that is
// cut off keeps its lease while the others elect another.
func TestLeasesOfWrongClocks(t *testing.T) {
	o := sound(t)
	o.LeaseReads = true
	s := &Schedule{Seed: 1, Members: 3, Horizon: 300, Events: []Event{
		{Kind: Write, At: 20, Client: 1},
		{Kind: Clock, At: 40, Node: 1, Units: 1000},
		{Kind: Cut, At: 60, Nodes: []int{1}, For: 200}, // before the others, which hear nothing more, elect one
		{Kind: Write, At: 150, Client: 1},
		{Kind: Read, At: 170, Client: 1, Node: 1},
	}}
	r := Run(o, s)
	if r.Broken == nil || r.Broken.Rule != ruleStale {
		t.Errorf("%v, want a stale read\n%s", r.Broken, Diagram(o, s))
	}
	o.LeaseReads = false
	if r := Run(o, s); r.Broken != nil {
		t.Errorf("without leases: %v", r.Broken)
	}
}

// TestRepeats draws schedules, and runs what was drawn again: all must happen alike, also
// if fates come from the list of events.
func TestRepeats(t *testing.T) {
	o, seed := sound(t), testseed.New(t)
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
