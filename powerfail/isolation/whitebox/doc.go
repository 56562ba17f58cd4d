// Package whitebox judges a history of transactions by the LSNs that the store gave for
// them ([isolation.LSNs]). Package isolation infers the order of commits from what reads
// returned; here the store tells it, so each rule is checked by itself:
//
//	order           the writes of a transaction have LSNs of their own, above its read LSN
//	read            a read returns the newest version at the read LSN, or an own write
//	write conflict  under snapshot isolation: nobody else writes a key between the read LSN and
//	                the commit of a transaction that writes it
//	read conflict   under serializable: nor one that a transaction read and that commits
//	                writes; keys that a range read did not return were read too
//	session, time   a transaction sees all that had committed before it began
//
// The two judges share no code but the form of histories, and must agree:
//
//	Whatever level package isolation refutes, this package refutes too.
//
// A history that keeps the rules of a level is one of that level, because the LSNs are the
// order of its begins and commits: under snapshot isolation each transaction reads at its
// read LSN and takes effect at its commit LSN; a serializable one that writes can do both
// at its commit LSN. Package isolation refutes no level that a history can have had. The
// reverse is not demanded: a stale read that no other read contradicts is found here alone.
package whitebox
