// Package explore is what all tiers of crash testing share: how crash states are chosen,
// recorded, shrunk and counted, and the profiles, which say what a crash may take.
//
// A crash state is a sequence of choices. The code that makes states (a simulated file
// system, a log of block writes) calls a function `choose(site, n)` at each site where the
// hardware or the kernel might have done one of n things. The answer 0 stands for what was
// durable, and n-1 for what is newest. So the list of the answers, [Choices], determines
// the whole state. One run records the list and another one follows it. Where there are
// few states, all lists are counted through like the digits of an odometer ([Odometer]). A
// list is shrunk by turning answers to n-1 ([Shrink]).
package explore
