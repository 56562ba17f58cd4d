package vfs

import (
	"fmt"
	"math/rand/v2"
)

// SiteKind says what a choice of a crash is about.
type SiteKind uint8

// The kinds of choice. Choice 0 is what the last sync left, the last choice
// what is newest; what lies between is said here.
const (
	// SiteSize: how many of a file's unsynced changes of size are found.
	SiteSize SiteKind = iota + 1
	// SiteBlock: the version in which a block is found.
	SiteBlock
	// SiteEntries: how many of a directory's unsynced operations are found, in
	// their order. The file is the directory's.
	SiteEntries
	// SiteEntry: whether one unsynced entry operation is found. Only with Strict.
	SiteEntry
	// SiteGarbage: what a lost block holds below a size that was found: stale
	// bytes of a file that was removed (the first choices), noise, or zeros.
	SiteGarbage
)

var siteNames = [...]string{
	SiteSize: "size", SiteBlock: "block", SiteEntries: "entries", SiteEntry: "entry", SiteGarbage: "garbage",
}

// String returns a short name, such as "block".
func (k SiteKind) String() string {
	if int(k) < len(siteNames) && k > 0 {
		return siteNames[k]
	}
	return fmt.Sprintf("site(%d)", uint8(k))
}

// CrashSite is one place at which a crash chooses.
type CrashSite struct {
	Kind   SiteKind
	Op     OpKind // for SiteEntry, the operation: OpCreate, OpRename, OpRemove or OpMkdirAll
	File   string // path as it is now, or was last
	Offset int64  // of a block, bytes
	Length int64  // of a block, bytes
	// Made is the number of the operation whose effect is at stake, the newest of
	// several (see [Op.Number]); 0 for stores to a mapping.
	Made uint64
}

// Chance returns a chooser for [CrashOptions] that finds each thing in its
// newest state with probability keep, 0 to 1, and else in one of the states it
// went through or as it was at the last sync. The same rng state and history
// give the same crash state. Rng may be nil when keep is 0 or 1 and garbage is
// off.
func Chance(keep float64, rng *rand.Rand) func(CrashSite, int) int {
	return func(site CrashSite, n int) int {
		switch {
		case site.Kind == SiteGarbage:
			return rng.IntN(n)
		case keep <= 0:
			return 0
		case keep >= 1 || rng.Float64() < keep:
			return n - 1
		case n > 2 && rng.Float64() < keep:
			return 1 + rng.IntN(n-2)
		}
		return 0
	}
}
