// Package subject runs a person's own program for crash tests, whatever it is
// written in. The program is three shell commands, each with the directory of its
// files as the last argument:
//
//	workload   writes, and prints "ack ID" on a line of its own once what ID names must survive
//	reopen     opens what a crash left, as the program would after a power cut; may write and ack too (optional)
//	check      exits with 0 if everything acknowledged is there
//
// Reopen and check read the IDs that were acknowledged before the crash, one a
// line, on standard input.
//
// The package knows no tier: it starts processes, listens to them, bounds their
// time and what is kept of their output, and says how they ended. What a program's
// death means is decided by the caller.
//
// Acknowledgements are noted when their line is read, a little after it was
// printed. So a loss in that moment may go unseen, but none is made up.
package subject
