// Package rundir reads and writes the directory of a run of crash testing, of any tier. The
// directory holds everything that a report needs:
//
//	run.json                     what ran: command, seed, shard, versions, times
//	cells.jsonl                  one line for each engine x file system x profile x bug
//	findings/001-lost/           one directory for each finding
//	    finding.json             rule, weakest profile, what was lost and who lacks a barrier, the command
//	    program.txt              the program, shrunk
//	    history.jsonl            writes with their positions (see package oracle)
//	    trail.json               the choices that make the crash state
//	    state/                   the store as the crash left it, where the tier can say
//
//	campaign.json                what was asked for; --resume refuses a run with another one
//	units.jsonl                  one line for each part that is done, see [Unit]: the journal of the run
//	cut/                         findings of parts that were interrupted, until these parts are done again
//
// Files are written as the run goes, so an interrupted run keeps what it found. The
// journal is one of package [lsmlab/harness/journal], and cells.jsonl is made from it.
package rundir
