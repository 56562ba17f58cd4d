// Package netsim simulates a cluster to the last bit: members (engines/cluster/replica)
// on disks in memory (vfs.Mem), a network, clocks and clients, in one goroutine under
// virtual time. What a seed does is repeated exactly, more than a thousand times a second.
//
// A [Schedule] is what happens to a cluster beside its own doing: what clients ask and
// when, which messages are late, lost or repeated, which links are cut, whose clock is
// fast, who is killed and whose power is cut. draw draws one from a seed; the outcomes
// of messages are drawn on the way and noted. So a schedule that has run is a list of
// deviations from a calm run, each of which can be left out: that is how a finding is
// shrunk, and how it is shown again.
//
// What holds:
//
//  1. Members are single-threaded, and their stores settle after each piece of work. So
//     nothing depends on the order in which goroutines run.
//  2. A message is told by its link, its type and how many of its type came before it on
//     that link. So leaving one deviation out leaves the others with their messages,
//     as far as the run stays alike.
//  3. Faults end at the schedule's horizon. From then on a cluster must come to rest:
//     elect, commit a write, serve a read, and have one state in all members.
//
// Verdicts: the oracle judges the state at rest against the writes that were acknowledged,
// as if all of them had been crashed then; Porcupine judges reads and writes of each key;
// and members must agree. See judge.go.
package netsim
