//go:build !invariants

// Package invariants says whether costly internal checks are compiled in. A build with
// -tags invariants has them. In other builds, the compiler removes code under `if
// invariants.Enabled`.
package invariants

// Enabled is true in builds with the tag invariants.
const Enabled = false
