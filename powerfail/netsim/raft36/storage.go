package main

import (
	"errors"
	"fmt"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"lsmlab/engines/cluster/consensus"
)

// storage shows the library a [consensus.Storage].
type storage struct{ s consensus.Storage }

func (s storage) InitialState() (raftpb.HardState, raftpb.ConfState, error) {
	hard, members := s.s.Initial()
	return raftpb.HardState{Term: hard.Term, Vote: hard.Vote, Commit: hard.Commit}, confState(&members), nil
}

func (s storage) Entries(lo, hi, maxBytes uint64) ([]raftpb.Entry, error) {
	entries, err := s.s.Entries(lo, hi, maxBytes)
	return toEntries(entries), libraryError(err)
}

func (s storage) Term(index uint64) (uint64, error) {
	term, err := s.s.Term(index)
	return term, libraryError(err)
}

func (s storage) FirstIndex() (uint64, error) { return s.s.First(), nil }
func (s storage) LastIndex() (uint64, error)  { return s.s.Last(), nil }

func (s storage) Snapshot() (raftpb.Snapshot, error) {
	p := s.s.Applied()
	return raftpb.Snapshot{Metadata: raftpb.SnapshotMetadata{
		Index: p.Index, Term: p.Term, ConfState: confState(&p.Members),
	}}, nil
}

// libraryError returns the library's error for one of package consensus.
func libraryError(err error) error {
	switch {
	case errors.Is(err, consensus.ErrCompacted):
		return raft.ErrCompacted
	case errors.Is(err, consensus.ErrUnavailable):
		return raft.ErrUnavailable
	}
	return err
}

// quiet logs nothing, and panics where the library asks for it: an invariant is broken.
type quiet struct{}

func (quiet) Debug(...any)            {}
func (quiet) Debugf(string, ...any)   {}
func (quiet) Error(...any)            {}
func (quiet) Errorf(string, ...any)   {}
func (quiet) Info(...any)             {}
func (quiet) Infof(string, ...any)    {}
func (quiet) Warning(...any)          {}
func (quiet) Warningf(string, ...any) {}

func (quiet) Fatal(v ...any)                 { panic("raft: " + fmt.Sprint(v...)) }
func (quiet) Fatalf(format string, v ...any) { panic("raft: " + fmt.Sprintf(format, v...)) }
func (quiet) Panic(v ...any)                 { panic("raft: " + fmt.Sprint(v...)) }
func (quiet) Panicf(format string, v ...any) { panic("raft: " + fmt.Sprintf(format, v...)) }
