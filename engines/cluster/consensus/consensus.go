// Package consensus is what a replica needs of a Raft library, in terms of its own: the
// state machine [Core], what it keeps ([Storage]), says ([Message]) and wants done
// ([Ready]). Package etcdraft gives it over go.etcd.io/raft/v3.
//
// It is a seam on purpose. The types of that library changed between versions that must
// be run side by side, as netsim proves itself on a version with a known bug; and what
// replicas store and send has formats of this package (codec.go), which no library changes.
package consensus

import "errors"

// Errors of [Core] and [Storage].
var (
	// ErrDropped says that a proposal was not taken: the member does not lead, or has as
	// much under way as it may.
	ErrDropped = errors.New("proposal dropped")
	// ErrCompacted says that a log entry was truncated.
	ErrCompacted = errors.New("log entry was truncated")
	// ErrUnavailable says that a log entry is not there yet.
	ErrUnavailable = errors.New("log entry is not there")
)

// EntryKind says what an entry is. Part of the disk format; do not renumber.
type EntryKind uint8

// The kinds of entry.
const (
	Normal   EntryKind = 0 // data of the replica's; empty at the begin of a term
	Change   EntryKind = 1 // of the membership, in the library's first encoding
	ChangeV2 EntryKind = 2 // of the membership, in its second encoding
)

// Entry is one entry of the log. Data is never changed once it is in an entry.
type Entry struct {
	Term, Index uint64
	Kind        EntryKind
	Data        []byte
}

// HardState is what a member must not forget of its votes.
type HardState struct {
	Term, Vote, Commit uint64
}

// Members are those of a group, by number.
type Members struct {
	Voters, Learners             []uint64
	VotersOutgoing, LearnersNext []uint64 // while a change of several is under way
	AutoLeave                    bool
}

// Point is a place in the log with the membership there, which a state machine that has
// applied up to it stands for.
type Point struct {
	Index, Term uint64
	Members     Members
}

// Storage is the log as far as it is durable. A [Core] reads it within its own calls.
type Storage interface {
	// Initial returns the state that a member starts with.
	Initial() (HardState, Members)
	// Entries returns those of [lo, hi), at least one, and then no more than maxBytes.
	Entries(lo, hi, maxBytes uint64) ([]Entry, error)
	// Term returns the term of an entry of [First()-1, Last()].
	Term(index uint64) (uint64, error)
	First() uint64
	Last() uint64
	// Applied returns the point that a snapshot made now would have.
	Applied() Point
}

// Config are the settings of a [Core].
type Config struct {
	ID      uint64
	Storage Storage
	Applied uint64 // index up to which the state machine has applied
	// ElectionTicks is for how long a leader believes in its majority without hearing of
	// it, and a follower in its leader.
	ElectionTicks  int
	HeartbeatTicks int
	// MaxMessageBytes bounds the entries of a message; MaxUncommittedBytes those of the
	// log that are not committed, above which proposals are dropped.
	MaxMessageBytes, MaxUncommittedBytes uint64
	MaxInflight                          int // messages with entries that a follower may have unanswered
}

// Factory makes a Core.
type Factory func(Config) (Core, error)

// Core is the state machine of one member, used by one goroutine at a time. After each
// call its owner asks Ready until there is nothing. It has no clock: see Tick and Idle.
type Core interface {
	// Tick is a tick of the clock of a leader: it sends heartbeats, and stops to lead
	// when it has not heard of a majority.
	Tick()
	// Idle is a tick of the clock of any other member. Its owner decides when to Campaign.
	Idle()
	Campaign()
	// Step takes a message of another member. An error says that it was ignored.
	Step(m *Message) error
	// Propose appends entries to the log of a leader, or returns ErrDropped.
	Propose(data ...[]byte) error
	// ProposeChange proposes a change of the members, as Propose does.
	ProposeChange(c MemberChange) error
	// ApplyChange is called for each committed entry that is no Normal one, in order, and
	// returns the members after it.
	ApplyChange(e Entry) (Members, error)
	// ReadIndex asks for an index such that who has applied up to it sees all that was
	// acknowledged before the call. The answer is in Ready.Reads, with the same context,
	// or never comes.
	ReadIndex(context []byte)
	TransferLeader(to uint64)
	// ReportUnreachable says that messages to a member were lost.
	ReportUnreachable(id uint64)
	// ReportSnapshot says what became of a message of type Snap. It must be called.
	ReportSnapshot(id uint64, arrived bool)
	// Ready returns what is to be done, and whether there is something. Work is done in
	// order, Appends and Applies apart; Appended and Applied are called once it is.
	Ready() (Ready, bool)
	Appended(a *Append)
	Applied(a *Apply)
}

// Role is what a member is.
type Role uint8

// The roles.
const (
	Follower Role = iota
	Candidate
	Leader
)

// Standing is who leads, as one member sees it.
type Standing struct {
	Leader uint64 // 0 if none is known
	Role   Role
}

// Ready is what a [Core] wants done.
type Ready struct {
	Standing *Standing // if it changed
	Messages []*Message
	Append   *Append
	Apply    *Apply
	Reads    []ReadState
}

// Append is a write to the log: what it holds must be durable before Messages are sent
// and [Core.Appended] is called, but for a HardState that differs in Commit alone.
type Append struct {
	HardState *HardState // if it changed
	Entries   []Entry    // replace all from the first one's index on
	Snapshot  *Point     // replaces log and state, which the replica has received before
	Messages  []*Message
	Local     any // of the Core
}

// Apply is committed entries for the state machine.
type Apply struct {
	Entries []Entry
	Local   any // of the Core
}

// ReadState answers [Core.ReadIndex].
type ReadState struct {
	Context []byte
	Index   uint64
}

// ChangeKind says what becomes of a member.
type ChangeKind uint8

// The kinds of change.
const (
	AddVoter ChangeKind = iota
	AddLearner
	RemoveMember
)

// MemberChange is one change of the members.
type MemberChange struct {
	Kind ChangeKind
	ID   uint64
}
