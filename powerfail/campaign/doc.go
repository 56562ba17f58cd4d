// Package campaign is what runs of all tiers of crash testing share, above a single
// exploration: the run directory that is being filled ([Run]), what is explored
// ([Subject], [Options]), and the texts that say what was found.
//
// A command gives a [Tier] its options and a Run, and prints what came of it. The tiers
// are simtier, disktier, filestier and vmtier, in packages of their own below this one:
// they know the engines, their planted bugs, and the commands of this program that they
// start ([lsmlab/powerfail/campaign/process]). This package knows none of these.
package campaign
