// Package fileroles knows what the files of the engines here are for, by their names.
// Instruments that see an engine's file operations count and aim by it.
package fileroles

import (
	"path"
	"strings"
)

// Of says what a file of a store is for, by its name: wal, table, manifest, current,
// reserve, lock, dir or other.
func Of(name string) string {
	base := path.Base(name)
	switch ext := path.Ext(base); {
	case ext == ".wal" || ext == ".log" || ext == ".mem":
		return "wal"
	case ext == ".sst" || ext == ".ldb" || ext == ".vlog":
		return "table"
	case strings.HasPrefix(base, "MANIFEST"):
		return "manifest"
	case strings.HasPrefix(base, "CURRENT") || strings.HasPrefix(base, "marker."):
		return "current"
	case base == "RESERVE":
		return "reserve"
	case strings.HasPrefix(base, "LOCK"):
		return "lock"
	case ext == "" && !strings.HasPrefix(base, "OPTIONS"):
		return "dir"
	}
	return "other"
}
