// Package explore is what the tiers of crash testing share: how crash states are
// chosen, recorded and shrunk, under which profile, and how they are counted.
//
// A crash state is a sequence of choices. Whatever makes states (a simulated file
// system, a log of block writes) asks a function `choose(site, n)` at each place
// where the hardware or the kernel might have done one of n things; 0 is what was
// durable, n-1 what is newest. So [Choices], the list of the answers, are the whole
// state: recorded by one run, followed by the next, walked through like an
// odometer where there are few, and shrunk by turning answers to "newest".
package explore
