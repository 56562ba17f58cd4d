package vfs

import (
	"fmt"
	"math/rand/v2"
)

// SiteKind says what a crash decides at a site.
type SiteKind uint8

// The kinds of site. In each, choice 0 is what the last sync left, and the last choice
// is the newest state. The choices between the two are described here.
const (
	// SiteSize: how many of a file's unsynced changes of size survived.
	SiteSize SiteKind = iota + 1
	// SiteBlock: which version of a block survived.
	SiteBlock
	// SiteEntries: how many of a directory's unsynced entry operations survived,
	// counted from the oldest. CrashSite.File is the directory.
	SiteEntries
	// SiteEntry: whether one unsynced entry operation survived. Only with Strict.
	SiteEntry
	// SiteGarbage: what a block holds whose data was lost, below a size that survived.
	// The first choices are stale bytes of removed files; then come noise and zeros.
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

// CrashSite is one decision that a crash makes.
type CrashSite struct {
	Kind   SiteKind
	Op     OpKind // for SiteEntry, the operation: OpCreate, OpRename, OpRemove or OpMkdirAll
	File   string // current path, or the last one if the file was removed
	Offset int64  // bytes; for a block
	Length int64  // bytes; for a block
	// Made is the number of the operation whose effect may be lost (see [Op.Number]).
	// If there are several, it is the newest. It is 0 for stores to a mapping.
	Made uint64
}

// Chance returns a function for [CrashOptions.Choose]. With probability keep, from 0 to
// 1, each site gets its newest state. Otherwise the site gets one of the states that it
// went through, or the state of the last sync. The same state of rng and the same
// history give the same crash state. rng may be nil if keep is 0 or 1 and Garbage is
// not set.
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
