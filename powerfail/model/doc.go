// Package model makes crash states of the simulated file system (vfs.Mem). It says what
// a profile allows a crash to take, builds a state from its choices, and describes in
// words what was lost. Every tier whose files are on a vfs.Mem uses it.
package model
