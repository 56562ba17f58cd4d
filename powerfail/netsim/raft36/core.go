package main

import (
	"errors"
	"fmt"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"lsmlab/engines/cluster/consensus"
)

type core struct {
	id   uint64
	node *raft.RawNode
}

// newCore implements [consensus.Factory] as etcdraft.New does.
func newCore(c consensus.Config) (consensus.Core, error) {
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
	return &core{c.ID, node}, nil
}

func (c *core) Tick()     { c.node.Tick() }
func (c *core) Idle()     { c.node.TickQuiesced() }
func (c *core) Campaign() { _ = c.node.Campaign() } // an error is that of a member that may not

func (c *core) Step(m *consensus.Message) error { return c.node.Step(toLibrary(m)) }

func (c *core) Propose(data ...[]byte) error {
	entries := make([]raftpb.Entry, len(data))
	for i, d := range data {
		entries[i] = raftpb.Entry{Data: d}
	}
	return dropped(c.node.Step(raftpb.Message{Type: raftpb.MsgProp, From: c.id, Entries: entries}))
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
	return dropped(c.node.ProposeConfChange(raftpb.ConfChange{Type: changes[change.Kind], NodeID: change.ID}))
}

func (c *core) ApplyChange(e consensus.Entry) (consensus.Members, error) {
	var change raftpb.ConfChangeI
	var err error
	if e.Kind == consensus.ChangeV2 {
		var v2 raftpb.ConfChangeV2
		err, change = v2.Unmarshal(e.Data), v2
	} else {
		var v1 raftpb.ConfChange
		err, change = v1.Unmarshal(e.Data), v1
	}
	if err != nil {
		return consensus.Members{}, fmt.Errorf("entry %d, a change of members: %w", e.Index, err)
	}
	return members(*c.node.ApplyConfChange(change)), nil
}

func (c *core) ReadIndex(context []byte)       { c.node.ReadIndex(context) }
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
	messages, _ := local.([]raftpb.Message)
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
		switch m.Type {
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

func (c *core) append(m raftpb.Message) *consensus.Append {
	a := &consensus.Append{Entries: fromEntries(m.Entries)}
	if m.Term != 0 {
		a.HardState = &consensus.HardState{Term: m.Term, Vote: m.Vote, Commit: m.Commit}
	}
	if s := m.Snapshot; s != nil {
		a.Snapshot = point(*s)
	}
	var local []raftpb.Message
	for _, r := range m.Responses {
		if r.To == c.id {
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
