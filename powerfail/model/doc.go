// Package model makes crash states of the simulated file system (vfs.Mem): what a
// profile lets a crash take of it, one state by its choices, and what was lost in
// words. Every tier whose files lie on a vfs.Mem shares it.
package model
