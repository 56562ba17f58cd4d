// Package subject runs a person's own program for crash tests, whatever it is written
// in. The program consists of three shell commands. Each gets the directory of its
// files as the last argument:
//
//	workload   writes, and prints "ack ID" on a line of its own once what ID names must survive
//	reopen     opens what a crash left, as the program would after a power cut; may write and ack too (optional)
//	check      exits with 0 if everything acknowledged is there
//
// Reopen and check read from standard input the IDs that were acknowledged before the
// crash, one a line.
//
// The package knows no tier. It starts processes, reads their output, limits their time
// and how much of the output is kept, and says how they ended. The caller decides what
// the end of a program means.
//
// An acknowledgement is recorded when its line is read, a little after it was printed.
// So a loss in this moment may go unnoticed, but none is reported wrongly.
package subject
