// Package probe finds out which isolation level a store gives: it runs transactions beside
// each other on a [kv.Transactor], writes down what they saw, and has package isolation
// judge that.
//
// The work is scripts. A [Script] is a list of steps, each of one session: begin, read,
// write, commit. Some are fixed, the cases of Hermitage; all others are drawn from a seed.
// A script is run in one of two ways:
//
//   - stepwise: a step begins when the one before it is done, whatever sessions they are
//     of. So the interleaving is the script's, a finding is shown again by its script alone,
//     and it can be made smaller.
//   - parallel: each session takes its own steps as fast as it can. What goes wrong within
//     one call, such as a check that another commit slips past, shows here alone.
//
// A store may make a session wait for another, as one that has a single writer does. The
// script then goes on without that session, which makes up for the steps that it missed once
// the transaction that it waited for has ended. Stores that have one writer at a time are
// recognised once, by time; from then on the runner knows when a begin would wait and
// does not call it before, so no later step depends on time.
package probe
