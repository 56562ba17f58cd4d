// Package etcdraft gives [consensus.Core] over go.etcd.io/raft/v3, its RawNode with
// pre-vote, CheckQuorum and asynchronous storage writes.
//
// The library draws its election time-outs from crypto/rand, which no seed repeats. So
// its clock ticks for leaders only: other members are idled, and their owner, who has a
// time-out of its own, tells them when to campaign.
//
// Its lease reads (ReadOnlyLeaseBased) are not used: a leader counts a message as a sign of
// life whenever it comes, and looks once in a time-out only, so that it may serve stale
// reads for a time-out after another one was elected, under clocks that go right. Package
// replica has leases of its own.
package etcdraft

import (
	"errors"
	"fmt"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"lsmlab/engines/cluster/consensus"
)

type core struct {
	id      uint64
	node    *raft.RawNode
	storage consensus.Storage
}

// New implements [consensus.Factory]. Broken invariants of the library are panics.
func New(c consensus.Config) (consensus.Core, error) {
	node, err := raft.NewRawNode(&raft.Config{
		ID: c.ID, Storage: storage{c.Storage}, Applied: c.Applied,
		ElectionTick: c.ElectionTicks, HeartbeatTick: c.HeartbeatTicks,
		AsyncStorageWrites: true,
		MaxSizePerMsg:      c.MaxMessageBytes, MaxUncommittedEntriesSize: c.MaxUncommittedBytes,
		MaxInflightMsgs: c.MaxInflight,
		CheckQuorum:     true, PreVote: true, StepDownOnRemoval: true,
		DisableProposalForwarding: true,
		Logger:                    quiet{},
	})
	if err != nil {
		return nil, fmt.Errorf("raft member %d: %w", c.ID, err)
	}
	return &core{c.ID, node, c.Storage}, nil
}

func (c *core) Tick()     { c.node.Tick() }
func (c *core) Idle()     { c.node.TickQuiesced() }
func (c *core) Campaign() { _ = c.node.Campaign() } // an error is that of a member that may not

func (c *core) Step(m *consensus.Message) error {
	if m.Type == consensus.ReadIndex && c.early() {
		return nil
	}
	return c.node.Step(toLibrary(m))
}

func (c *core) ReadIndex(context []byte) {
	if !c.early() {
		c.node.ReadIndex(context)
	}
}

// early says whether the library would give an index too early: a leader that is the only
// voter gives its commit index at once, also before an entry of its term is committed. What
// it acknowledged before a restart may be behind that. Whoever asked asks again.
func (c *core) early() bool {
	s := c.node.BasicStatus()
	if s.RaftState != raft.StateLeader {
		return false
	}
	if term, err := c.storage.Term(s.GetCommit()); err == nil && term == s.GetTerm() {
		return false
	}
	return len(c.node.Status().Config.Voters.IDs()) == 1
}

func (c *core) Propose(data ...[]byte) error {
	entries := make([]*raftpb.Entry, len(data))
	for i, d := range data {
		entries[i] = &raftpb.Entry{Data: d}
	}
	return dropped(c.node.Step(&raftpb.Message{Type: raftpb.MsgProp.Enum(), From: &c.id, Entries: entries}))
}

func dropped(err error) error {
	if errors.Is(err, raft.ErrProposalDropped) {
		return consensus.ErrDropped
	}
	return err
}

var changes = [...]raftpb.ConfChangeType{
	consensus.AddVoter:     raftpb.ConfChangeAddNode,
	consensus.AddLearner:   raftpb.ConfChangeAddLearnerNode,
	consensus.RemoveMember: raftpb.ConfChangeRemoveNode,
}

func (c *core) ProposeChange(change consensus.MemberChange) error {
	return dropped(c.node.ProposeConfChange(&raftpb.ConfChange{Type: changes[change.Kind].Enum(), NodeId: &change.ID}))
}

func (c *core) ApplyChange(e consensus.Entry) (consensus.Members, error) {
	var change interface {
		proto.Message
		raftpb.ConfChangeI
	} = &raftpb.ConfChange{}
	if e.Kind == consensus.ChangeV2 {
		change = &raftpb.ConfChangeV2{}
	}
	if err := proto.Unmarshal(e.Data, change); err != nil {
		return consensus.Members{}, fmt.Errorf("entry %d, a change of members: %w", e.Index, err)
	}
	return members(c.node.ApplyConfChange(change)), nil
}

func (c *core) TransferLeader(to uint64)       { c.node.TransferLeader(to) }
func (c *core) ReportUnreachable(id uint64)    { c.node.ReportUnreachable(id) }
func (c *core) Appended(a *consensus.Append)   { c.stepAll(a.Local) }
func (c *core) Applied(apply *consensus.Apply) { c.stepAll(apply.Local) }

func (c *core) ReportSnapshot(id uint64, arrived bool) {
	status := raft.SnapshotFailure
	if arrived {
		status = raft.SnapshotFinish
	}
	c.node.ReportSnapshot(id, status)
}

// stepAll steps what the library wanted to be told when work is done. It ignores what
// has become old.
func (c *core) stepAll(local any) {
	messages, _ := local.([]*raftpb.Message)
	for _, m := range messages {
		_ = c.node.Step(m)
	}
}

func (c *core) Ready() (out consensus.Ready, ok bool) {
	if !c.node.HasReady() {
		return out, false
	}
	rd := c.node.Ready()
	if s := rd.SoftState; s != nil {
		out.Standing = &consensus.Standing{Leader: s.Lead, Role: role(s.RaftState)}
	}
	for _, m := range rd.Messages {
		switch m.GetType() {
		case raftpb.MsgStorageAppend:
			out.Append = c.append(m)
		case raftpb.MsgStorageApply:
			out.Apply = &consensus.Apply{Entries: fromEntries(m.Entries), Local: m.Responses}
		default:
			out.Messages = append(out.Messages, fromLibrary(m))
		}
	}
	for _, r := range rd.ReadStates {
		out.Reads = append(out.Reads, consensus.ReadState{Context: r.RequestCtx, Index: r.Index})
	}
	return out, true
}

func (c *core) append(m *raftpb.Message) *consensus.Append {
	a := &consensus.Append{Entries: fromEntries(m.Entries)}
	if m.Term != nil {
		a.HardState = &consensus.HardState{Term: m.GetTerm(), Vote: m.GetVote(), Commit: m.GetCommit()}
	}
	if s := m.Snapshot; s != nil {
		a.Snapshot = point(s)
	}
	var local []*raftpb.Message
	for _, r := range m.Responses {
		if r.GetTo() == c.id {
			local = append(local, r)
		} else {
			a.Messages = append(a.Messages, fromLibrary(r))
		}
	}
	a.Local = local
	return a
}

func role(s raft.StateType) consensus.Role {
	switch s {
	case raft.StateLeader:
		return consensus.Leader
	case raft.StateFollower:
		return consensus.Follower
	default:
		return consensus.Candidate
	}
}
