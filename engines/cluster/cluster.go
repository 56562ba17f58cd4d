// Package cluster makes an engine of several: raftN:ENGINE is N replicas of one store, each
// an engine of its own with log and state in it, under etcd's Raft. The members run in one
// process and talk over TCP on the loopback interface.
//
//   - Every write has the level that the store was opened for. It is acknowledged once a
//     majority of the members has it in its log at that level and the leader has applied it.
//   - Reads, scans and snapshots are linearizable. They are served by the leader once a
//     majority has confirmed that it still leads (ReadIndex), or, with [Options.LeaseReads], in
//     the caller's goroutine while it has a lease, which asks that no member's clock goes
//     faster than the leader's by an eighth: see [replica.Lease].
//   - A member whose store fails is out until the store is opened again. The others go on
//     while they are a majority; without one, all calls return the first member's error.
//   - A member that is behind the log of the others gets a snapshot. One whose store is gone
//     or empty is refused: it may have voted, and acknowledged what others do not have.
//
// Reads see only what is committed: with the level [kv.Synced] no power failure takes back
// what a read saw.
//
// Limits: batches of at most [MaxBatchSize] bytes; no transactions and no range deletes.
// README.md has the guarantees with the tests that show them.
package cluster

import (
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"lsmlab/engines/cluster/etcdraft"
	"lsmlab/engines/cluster/replica"
	"lsmlab/engines/cluster/roster"
	"lsmlab/engines/cluster/transport"
	"lsmlab/engines/internal/adapter"
	"lsmlab/engines/kv"
)

// MaxBatchSize is the most bytes of an encoded batch: one is sent as one message.
const MaxBatchSize = 64 << 20

// MaxMembers is how many members a store may have.
const MaxMembers = 9

// tick is that of the members' clocks: elections time out after 10 to 20.
const tick = 50 * time.Millisecond

// roll keeps how many members a store has. None may be made once it may have voted.
var roll = roster.Kind{Part: "member", Engine: "raft", Most: MaxMembers}

// Options are the settings of a store. Fields without a default must be set.
type Options struct {
	Members int // 1 to MaxMembers, as it was when the store was made
	// Open opens the store of one member in a directory.
	Open func(dir string) (kv.Engine, error)
	// Log is the level of all writes; not kv.Volatile, as a member must not forget whom it
	// voted for. State is that of applied entries, which may be weaker if the engine
	// recovers a prefix of its batches whatever their levels.
	Log, State kv.Durability
	LeaseReads bool
}

// Engine is a replicated store. It implements [kv.Metricer], and [kv.Flusher] and
// [kv.Compacter] by those of its members.
type Engine struct {
	*adapter.Engine
	group *group
}

// Open opens the store in dir, making it if it is missing. It does not wait for a leader.
func Open(dir string, o Options) (*Engine, error) {
	fresh, err := roll.Claim(dir, o.Members)
	if err != nil {
		return nil, err
	}
	g := &group{board: newBoard(o.Members)}
	if err = g.open(dir, &o, fresh); err == nil && fresh {
		err = roll.Made(dir, o.Members)
	}
	if err != nil {
		return nil, errors.Join(err, g.Close())
	}
	g.run()
	return &Engine{adapter.New(g, o.Log), g}, nil
}

// group is the members of a store. It implements [adapter.Store].
type group struct {
	*board
	members []*member
}

// open opens all members; they are made if the store is fresh.
func (g *group) open(dir string, o *Options, fresh bool) error {
	var token transport.Token
	if _, err := rand.Read(token[:]); err != nil {
		return err
	}
	opened, ids := time.Now(), make([]uint64, o.Members)
	for i := range ids {
		ids[i] = uint64(i + 1)
	}
	for _, id := range ids {
		ro := replica.Options{
			ID: id, Core: etcdraft.New, Log: o.Log, State: o.State,
			Rand: mathrand.New(mathrand.NewPCG(mathrand.Uint64(), id)),
		}
		if o.LeaseReads {
			ro.Clock = &replica.Clock{Now: func() time.Duration { return time.Since(opened) }, Tick: tick}
		}
		if fresh {
			ro.Members = ids
		}
		m, err := openMember(roll.Dir(dir, int(id)), token, g.board, o.Open, ro)
		if err != nil {
			return fmt.Errorf("member %d of %d: %w", id, o.Members, err)
		}
		g.members = append(g.members, m)
	}
	return nil
}

// run lets the members talk.
func (g *group) run() {
	for _, m := range g.members {
		for _, peer := range g.members {
			if peer != m {
				m.node.AddPeer(peer.id, peer.node.Address())
			}
		}
	}
	for _, m := range g.members {
		m.run()
	}
	g.members[0].inbox.Put(event{campaign: true}) // so that nobody waits for a time-out
}

// Close stops all members and closes their stores.
func (g *group) Close() (err error) {
	for _, m := range g.members {
		m.halt()
	}
	for _, m := range g.members {
		err = errors.Join(err, m.close())
	}
	return err
}

// Apply implements [adapter.Store]. What a leader that was deposed could not commit is
// proposed again: it was never committed and never will be.
func (g *group) Apply(b *kv.Batch, _ kv.Durability) error {
	if n := len(b.Bytes()); n > MaxBatchSize {
		return fmt.Errorf("%w: a batch of %d bytes, a replicated store takes at most %d", kv.ErrTooLarge, n, MaxBatchSize)
	}
	for {
		leader, err := g.leader()
		if err != nil {
			return err
		}
		err = leader.write(b.Bytes())
		if !errors.Is(err, errMoved) {
			return err
		}
	}
}
