package manifest

import (
	"fmt"
	"strconv"
	"strings"
)

// Names within the directory of a store. Part of the disk format.
const (
	CurrentName    = "CURRENT"
	currentTmpName = "CURRENT.tmp"
	namePrefix     = "MANIFEST-"
)

// FileName returns the name of the manifest with this file number.
func FileName(fileNum uint64) string { return fmt.Sprintf("%s%06d", namePrefix, fileNum) }

// ParseFileName is the inverse of [FileName]; ok is false for every other name.
func ParseFileName(name string) (fileNum uint64, ok bool) {
	digits, ok := strings.CutPrefix(name, namePrefix)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil && FileName(n) == name
}
