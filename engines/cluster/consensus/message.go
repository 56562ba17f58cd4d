package consensus

import "fmt"

// MessageType says what a message is for. Part of the wire format; do not renumber. The
// numbers are those of raftpb.
type MessageType uint8

// The types of messages between members.
const (
	Prop          MessageType = 2
	App           MessageType = 3
	AppResp       MessageType = 4
	Vote          MessageType = 5
	VoteResp      MessageType = 6
	Snap          MessageType = 7
	Heartbeat     MessageType = 8
	HeartbeatResp MessageType = 9
	Transfer      MessageType = 13
	TimeoutNow    MessageType = 14
	ReadIndex     MessageType = 15
	ReadIndexResp MessageType = 16
	PreVote       MessageType = 17
	PreVoteResp   MessageType = 18
)

var typeNames = [...]string{
	Prop: "Prop", App: "App", AppResp: "AppResp", Vote: "Vote", VoteResp: "VoteResp", Snap: "Snap",
	Heartbeat: "Heartbeat", HeartbeatResp: "HeartbeatResp", Transfer: "TransferLeader", TimeoutNow: "TimeoutNow",
	ReadIndex: "ReadIndex", ReadIndexResp: "ReadIndexResp", PreVote: "PreVote", PreVoteResp: "PreVoteResp",
}

// String returns the name in the library, without its "Msg".
func (t MessageType) String() string {
	if int(t) < len(typeNames) && typeNames[t] != "" {
		return typeNames[t]
	}
	return fmt.Sprintf("type(%d)", uint8(t))
}

// Message is one message between members. It is never changed once it was sent.
type Message struct {
	Type       MessageType
	To, From   uint64
	Term       uint64
	LogTerm    uint64
	Index      uint64
	Commit     uint64
	RejectHint uint64
	Reject     bool
	Entries    []Entry
	Snapshot   *Point // of Snap
	Context    []byte
}
