package main

import (
	"go.etcd.io/raft/v3/raftpb"

	"lsmlab/engines/cluster/consensus"
)

func toLibrary(m *consensus.Message) raftpb.Message {
	out := raftpb.Message{
		Type: raftpb.MessageType(m.Type), To: m.To, From: m.From, Term: m.Term,
		LogTerm: m.LogTerm, Index: m.Index, Commit: m.Commit,
		RejectHint: m.RejectHint, Reject: m.Reject,
		Entries: toEntries(m.Entries), Context: m.Context,
	}
	if p := m.Snapshot; p != nil {
		out.Snapshot = &raftpb.Snapshot{Metadata: raftpb.SnapshotMetadata{
			Index: p.Index, Term: p.Term, ConfState: confState(&p.Members),
		}}
	}
	return out
}

func fromLibrary(m raftpb.Message) *consensus.Message {
	out := &consensus.Message{
		Type: consensus.MessageType(m.Type), To: m.To, From: m.From, Term: m.Term,
		LogTerm: m.LogTerm, Index: m.Index, Commit: m.Commit,
		RejectHint: m.RejectHint, Reject: m.Reject,
		Entries: fromEntries(m.Entries), Context: m.Context,
	}
	if out.Type == consensus.Snap {
		out.Snapshot = point(*m.Snapshot)
	}
	return out
}

var kinds = [...]raftpb.EntryType{
	consensus.Normal:   raftpb.EntryNormal,
	consensus.Change:   raftpb.EntryConfChange,
	consensus.ChangeV2: raftpb.EntryConfChangeV2,
}

func toEntries(entries []consensus.Entry) (out []raftpb.Entry) {
	for _, e := range entries {
		out = append(out, raftpb.Entry{Term: e.Term, Index: e.Index, Type: kinds[e.Kind], Data: e.Data})
	}
	return out
}

func fromEntries(entries []raftpb.Entry) (out []consensus.Entry) {
	for _, e := range entries {
		kind := consensus.Normal
		switch e.Type {
		case raftpb.EntryConfChange:
			kind = consensus.Change
		case raftpb.EntryConfChangeV2:
			kind = consensus.ChangeV2
		}
		out = append(out, consensus.Entry{Term: e.Term, Index: e.Index, Kind: kind, Data: e.Data})
	}
	return out
}

func point(s raftpb.Snapshot) *consensus.Point {
	m := s.Metadata
	return &consensus.Point{Index: m.Index, Term: m.Term, Members: members(m.ConfState)}
}

func members(s raftpb.ConfState) consensus.Members {
	return consensus.Members{
		Voters: s.Voters, Learners: s.Learners,
		VotersOutgoing: s.VotersOutgoing, LearnersNext: s.LearnersNext, AutoLeave: s.AutoLeave,
	}
}

func confState(m *consensus.Members) raftpb.ConfState {
	return raftpb.ConfState{
		Voters: m.Voters, Learners: m.Learners,
		VotersOutgoing: m.VotersOutgoing, LearnersNext: m.LearnersNext, AutoLeave: m.AutoLeave,
	}
}
