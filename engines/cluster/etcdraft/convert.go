package etcdraft

import (
	"go.etcd.io/raft/v3/raftpb"

	"lsmlab/engines/cluster/consensus"
)

// The library's messages have a pointer for each number. Those of one message point into
// one block, so that a message is two allocations.

type messageBlock struct {
	m    raftpb.Message
	kind raftpb.MessageType
	n    consensus.Message
}

func toLibrary(m *consensus.Message) *raftpb.Message {
	b := &messageBlock{kind: raftpb.MessageType(m.Type), n: *m}
	out := &b.m
	out.Type, out.To, out.From, out.Term = &b.kind, &b.n.To, &b.n.From, &b.n.Term
	out.LogTerm, out.Index, out.Commit = &b.n.LogTerm, &b.n.Index, &b.n.Commit
	out.RejectHint, out.Reject = &b.n.RejectHint, &b.n.Reject
	out.Entries, out.Context = toEntries(m.Entries), m.Context
	if p := m.Snapshot; p != nil {
		out.Snapshot = &raftpb.Snapshot{Metadata: &raftpb.SnapshotMetadata{
			Index: &b.n.Snapshot.Index, Term: &b.n.Snapshot.Term, ConfState: confState(&p.Members),
		}}
	}
	return out
}

func fromLibrary(m *raftpb.Message) *consensus.Message {
	out := &consensus.Message{
		Type: consensus.MessageType(m.GetType()), To: m.GetTo(), From: m.GetFrom(), Term: m.GetTerm(),
		LogTerm: m.GetLogTerm(), Index: m.GetIndex(), Commit: m.GetCommit(),
		RejectHint: m.GetRejectHint(), Reject: m.GetReject(),
		Entries: fromEntries(m.Entries), Context: m.Context,
	}
	if out.Type == consensus.Snap {
		out.Snapshot = point(m.Snapshot)
	}
	return out
}

type entryBlock struct {
	e    raftpb.Entry
	kind raftpb.EntryType
	n    consensus.Entry
}

var kinds = [...]raftpb.EntryType{
	consensus.Normal:   raftpb.EntryNormal,
	consensus.Change:   raftpb.EntryConfChange,
	consensus.ChangeV2: raftpb.EntryConfChangeV2,
}

func toEntries(entries []consensus.Entry) []*raftpb.Entry {
	if len(entries) == 0 {
		return nil
	}
	blocks := make([]entryBlock, len(entries))
	out := make([]*raftpb.Entry, len(entries))
	for i := range entries {
		b := &blocks[i]
		b.n, b.kind = entries[i], kinds[entries[i].Kind]
		b.e.Term, b.e.Index, b.e.Type, b.e.Data = &b.n.Term, &b.n.Index, &b.kind, b.n.Data
		out[i] = &b.e
	}
	return out
}

func fromEntries(entries []*raftpb.Entry) []consensus.Entry {
	if len(entries) == 0 {
		return nil
	}
	out := make([]consensus.Entry, len(entries))
	for i, e := range entries {
		out[i] = consensus.Entry{Term: e.GetTerm(), Index: e.GetIndex(), Data: e.Data}
		switch e.GetType() {
		case raftpb.EntryConfChange:
			out[i].Kind = consensus.Change
		case raftpb.EntryConfChangeV2:
			out[i].Kind = consensus.ChangeV2
		}
	}
	return out
}

func point(s *raftpb.Snapshot) *consensus.Point {
	m := s.GetMetadata()
	return &consensus.Point{Index: m.GetIndex(), Term: m.GetTerm(), Members: members(m.GetConfState())}
}

func members(s *raftpb.ConfState) consensus.Members {
	return consensus.Members{
		Voters: s.GetVoters(), Learners: s.GetLearners(),
		VotersOutgoing: s.GetVotersOutgoing(), LearnersNext: s.GetLearnersNext(), AutoLeave: s.GetAutoLeave(),
	}
}

func confState(m *consensus.Members) *raftpb.ConfState {
	leave := m.AutoLeave
	return &raftpb.ConfState{
		Voters: m.Voters, Learners: m.Learners,
		VotersOutgoing: m.VotersOutgoing, LearnersNext: m.LearnersNext, AutoLeave: &leave,
	}
}
