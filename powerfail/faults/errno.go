package faults

import (
	"maps"
	"slices"
)

// Errno is the name of a Linux error.
type Errno string

// errnos are the numbers on all common architectures of Linux. Package syscall has
// those of the machine that compiles, which may differ from the machine that fails.
var errnos = map[Errno]uint32{
	"EPERM": 1, "ENOENT": 2, "EINTR": 4, "EIO": 5, "ENXIO": 6, "EAGAIN": 11, "ENOMEM": 12, "EACCES": 13, "EBUSY": 16,
	"EEXIST": 17, "ENODEV": 19, "ENOTDIR": 20, "EISDIR": 21, "EINVAL": 22, "ENFILE": 23, "EMFILE": 24, "EFBIG": 27,
	"ENOSPC": 28, "EROFS": 30, "EDQUOT": 122,
}

// Number returns the number of e on Linux, or 0 for a name that no fault file may have.
func (e Errno) Number() uint32 { return errnos[e] }

var errno = oneOf(slices.Sorted(maps.Keys(errnos))...)
