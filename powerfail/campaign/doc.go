// Package campaign is what campaigns of all tiers of crash testing share. A campaign
// explores an engine or a program under some profiles, and fills a run directory ([Run]).
// This package has the run directory while it is filled, the description of what is
// explored ([Subject], [Options]), and the texts that describe findings.
//
// A command gives a [Tier] its options and a Run, and prints the outcome. The tiers are
// simtier, disktier, filestier and vmtier, each a package below this one. They know the
// engines, the planted bugs, and the commands of this program that are started as
// processes ([lsmlab/powerfail/campaign/process]). This package knows none of these.
package campaign
