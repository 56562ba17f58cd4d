// Package rundir is the directory that a run of crash testing leaves, whichever
// tier made it. All that a report needs is in it:
//
//	run.json                     what ran: command, seed, shard, versions, times
//	cells.jsonl                  one line for each engine x file system x profile x bug
//	findings/001-lost/           one directory for each finding
//	    finding.json             rule, weakest profile, what was lost, whose barrier lacked, the command
//	    program.txt              the program, shrunk
//	    history.jsonl            writes with their positions (see package oracle)
//	    trail.json               the choices that make the crash state
//	    state/                   the store as the crash left it, where the tier can say
//
// Files are written as the run goes, so an interrupted run keeps what it found.
package rundir
