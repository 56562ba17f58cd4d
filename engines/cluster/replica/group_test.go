package replica_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"lsmlab/engines/cluster/consensus"
	"lsmlab/engines/cluster/etcdraft"
	"lsmlab/engines/cluster/replica"
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
	"lsmlab/engines/vfs"
)

// group is members that talk at once and without loss. Time is the test's.
type group struct {
	*testing.T
	members map[uint64]*member
	adapt   func(*replica.Options)
	seed    uint64
	cut     map[uint64]bool // members that hear and say nothing
}

type member struct {
	*replica.Replica
	store   kv.Engine
	disk    *vfs.Mem
	results map[uint64]replica.Outcome
	reads   map[uint64]bool
}

func newGroup(t *testing.T, adapt func(*replica.Options), ids ...uint64) *group {
	g := &group{T: t, members: map[uint64]*member{}, adapt: adapt, seed: 1, cut: map[uint64]bool{}}
	for _, id := range ids {
		g.start(id, vfs.NewMem(), ids)
	}
	return g
}

func (g *group) start(id uint64, disk *vfs.Mem, ids []uint64) *member {
	g.Helper()
	o := lsm.Options{}.Small()
	o.FS, o.Deterministic = disk, true
	store, err := lsm.Open("/db", o)
	if err != nil {
		g.Fatal(err)
	}
	m := &member{store: store, disk: disk, results: map[uint64]replica.Outcome{}, reads: map[uint64]bool{}}
	ro := replica.Options{
		ID: id, Members: ids, Store: store, Core: etcdraft.New, Log: kv.Synced, State: kv.Volatile,
		Rand: rand.New(rand.NewPCG(g.seed, id)),
	}
	if g.adapt != nil {
		g.adapt(&ro)
	}
	if m.Replica, err = replica.Open(ro); err != nil {
		g.Fatal(err)
	}
	g.members[id] = m
	g.Cleanup(func() { m.Close(); store.Close() })
	return m
}

// crash restarts a member on what a power failure leaves.
func (g *group) crash(id uint64) *member {
	g.Helper()
	left := g.members[id].disk.CrashClone(vfs.CrashOptions{})
	g.members[id].Close()
	g.members[id].store.Close()
	return g.start(id, left, nil)
}

// drain carries out all there is to do.
func (g *group) drain() {
	g.Helper()
	for busy := true; busy; {
		busy = false
		for id := uint64(1); id < 10; id++ {
			if m := g.members[id]; m != nil {
				busy = g.carryOut(m) || busy
			}
		}
	}
}

func (g *group) carryOut(m *member) bool {
	g.Helper()
	out := m.Take()
	for _, w := range out.Work {
		if err := w.Do(); err != nil {
			g.Fatalf("member %d: %v", m.ID(), err)
		}
		m.Done(w)
	}
	for i := range out.Messages {
		to := &out.Messages[i]
		if peer := g.members[to.To]; peer != nil && !g.cut[to.To] && !g.cut[to.From] {
			peer.Step(to)
		}
	}
	for _, r := range out.Results {
		m.results[r.ID] = r.Outcome
	}
	for _, id := range out.Reads {
		m.reads[id] = true
	}
	return len(out.Messages)+len(out.Work)+len(out.Results)+len(out.Reads) > 0
}

func (g *group) tick(n int) {
	for range n {
		for id := uint64(1); id < 10; id++ {
			if m := g.members[id]; m != nil {
				m.Tick()
			}
		}
		g.drain()
	}
}

// leader returns the one member that leads, after some ticks.
func (g *group) leader() *member {
	g.Helper()
	for range 1000 {
		for id, m := range g.members {
			if m.Standing().Role == consensus.Leader && !g.cut[id] {
				return m
			}
		}
		g.tick(1)
	}
	g.Fatal("no leader after 1,000 ticks")
	return nil
}

func (g *group) set(m *member, key, value string) {
	g.Helper()
	var b kv.Batch
	b.Set([]byte(key), []byte(value))
	ids, err := m.Propose(b.Bytes())
	if err != nil {
		g.Fatal(err)
	}
	g.drain()
	if outcome, ok := m.results[ids[0]]; !ok || outcome != replica.Committed {
		g.Fatalf("set %s: decided %v, outcome %d", key, ok, outcome)
	}
}

func (g *group) want(m *member, key, value string) {
	g.Helper()
	id := m.Read()
	for range 100 {
		if g.drain(); m.reads[id] {
			break
		}
		g.tick(1)
	}
	if !m.reads[id] {
		g.Fatalf("member %d does not serve a read", m.ID())
	}
	got, err := m.State().Get(nil, []byte(key))
	if err != nil || string(got) != value {
		g.Fatalf("member %d, key %s: %q, %v; want %q", m.ID(), key, got, err, value)
	}
}

func (g *group) wantAll(key, value string) {
	g.Helper()
	for id, m := range g.members {
		if !g.cut[id] {
			g.want(m, key, value)
		}
	}
}

// TestReplication writes through a leader and reads at all members, also after a power
// failure of all at once.
func TestReplication(t *testing.T) {
	for _, n := range []int{1, 3, 5} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			g := newGroup(t, nil, []uint64{1, 2, 3, 4, 5}[:n]...)
			for i := range 50 {
				g.set(g.leader(), fmt.Sprint("key", i%7), fmt.Sprint("value", i))
			}
			g.wantAll("key0", "value49")
			for id := range g.members {
				g.crash(id)
			}
			g.leader()
			g.wantAll("key0", "value49")
			g.set(g.leader(), "key0", "last")
			g.wantAll("key0", "last")
		})
	}
}

// TestSnapshot lets a member fall behind the log, so that it needs a snapshot, and cuts
// the power at each point of its arrival.
func TestSnapshot(t *testing.T) {
	adapt := func(o *replica.Options) { o.KeepEntries, o.ChunkBytes = 5, 100 }
	g := newGroup(t, adapt, 1, 2, 3)
	leader := g.leader()
	behind := leader.ID()%3 + 1
	g.set(leader, "gone", "x")
	g.cut[behind] = true
	for i := range 100 {
		g.set(leader, fmt.Sprint("key", i), fmt.Sprint("value", i))
	}
	var b kv.Batch
	b.Delete([]byte("gone"))
	if _, err := leader.Propose(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	g.drain()
	delete(g.cut, behind)
	for range 20 { // each run of the member takes some chunks
		g.crash(behind)
		for range 3 {
			g.members[behind].Tick()
			for id := uint64(1); id <= 3; id++ {
				g.carryOut(g.members[id])
			}
		}
	}
	g.tick(100)
	g.wantAll("key99", "value99")
	if _, err := g.members[behind].State().Get(nil, []byte("gone")); err == nil {
		t.Error("a deleted key is there after a snapshot")
	}
	g.crash(behind)
	g.wantAll("key50", "value50")
}

// TestMembership adds a member, which hears of all by a snapshot, removes one, and needs
// a majority of those that are left only.
func TestMembership(t *testing.T) {
	g := newGroup(t, nil, 1, 2, 3)
	g.set(g.leader(), "key", "old")
	g.start(4, vfs.NewMem(), nil)
	if err := g.leader().ProposeChange(consensus.MemberChange{Kind: consensus.AddVoter, ID: 4}); err != nil {
		t.Fatal(err)
	}
	g.tick(30)
	g.want(g.members[4], "key", "old")
	leader := g.leader()
	removed := leader.ID()%3 + 1
	if err := leader.ProposeChange(consensus.MemberChange{Kind: consensus.RemoveMember, ID: removed}); err != nil {
		t.Fatal(err)
	}
	g.tick(30)
	g.cut[removed] = true
	delete(g.members, removed)
	g.set(g.leader(), "key", "new")
	g.wantAll("key", "new")
	if got := len(g.members[4].Applied().Members.Voters); got != 3 {
		t.Errorf("member 4 knows %d voters, want 3", got)
	}
	g.crash(4)
	g.want(g.members[4], "key", "new")
}

// TestSuperseded proposes to a leader that is cut off: its outcome is known once another
// leader's entry has its place.
func TestSuperseded(t *testing.T) {
	g := newGroup(t, nil, 1, 2, 3)
	old := g.leader()
	g.drain()
	g.cut[old.ID()] = true
	var b kv.Batch
	b.Set([]byte("key"), []byte("never"))
	ids, err := old.Propose(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	g.tick(100)
	if _, decided := old.results[ids[0]]; decided {
		t.Fatal("decided without a majority")
	}
	g.set(g.leader(), "key", "other")
	delete(g.cut, old.ID())
	g.tick(100)
	if outcome, ok := old.results[ids[0]]; !ok || outcome != replica.Superseded {
		t.Errorf("decided %v, outcome %d, want superseded", ok, outcome)
	}
	g.wantAll("key", "other")
}
