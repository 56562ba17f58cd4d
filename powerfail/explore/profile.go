package explore

import (
	"fmt"
	"strings"
)

// Profile names what a file system or disk may lose.
type Profile string

// The profiles, weakest adversary first: what one shows, those after it show too.
const (
	// DropAll loses all that was not synced, and nothing else.
	DropAll Profile = "drop-all"
	// Ext4Ordered is a journalling file system with ordered data: the directory
	// entries of a directory are lost from some point on, a sync of a file takes
	// all earlier entries along, and a size covers only data that arrived. Blocks
	// written over others are found or not, each on its own.
	Ext4Ordered Profile = "ext4-ordered"
	// PosixStrict is all that POSIX allows: any subset of unsynced blocks and of
	// entry operations, in any order, torn at 512 or 4096 bytes, with zeros, noise
	// or stale bytes where a size arrived without its data; no entry without a sync
	// of its directory.
	PosixStrict Profile = "posix-strict"
	// LyingDisk is a disk that reports success of syncs without doing anything. No engine
	// is sound on it, so its findings are losses by the disk.
	LyingDisk Profile = "lying-disk"
)

// Profiles returns all, weakest adversary first.
func Profiles() []Profile { return []Profile{DropAll, Ext4Ordered, PosixStrict, LyingDisk} }

// About says in one line what the profile loses.
func (p Profile) About() string {
	return map[Profile]string{
		DropAll:     "all that was not synced is gone",
		Ext4Ordered: "journalled entries in order, ordered data; unsynced overwrites in any subset",
		PosixStrict: "any subset of unsynced blocks and directory entries, torn at 512 or 4096, zeros, noise or stale bytes",
		LyingDisk:   "syncs promise nothing: loss by the disk, no bug of an engine",
	}[p]
}

// ParseProfile returns the profile of that name.
func ParseProfile(s string) (Profile, error) {
	var names []string
	for _, p := range Profiles() {
		if string(p) == s {
			return p, nil
		}
		names = append(names, string(p))
	}
	return "", fmt.Errorf("profile %q: want one of %s", s, strings.Join(names, ", "))
}

// Weaker returns the profiles that lose less than p, weakest first.
func (p Profile) Weaker() []Profile {
	for i, q := range Profiles() {
		if q == p {
			return Profiles()[:i]
		}
	}
	return nil
}
