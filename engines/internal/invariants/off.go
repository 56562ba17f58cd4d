//go:build !invariants

// Package invariants says whether costly internal checks are compiled in. Build
// with -tags invariants to get them; without, code under `if
// invariants.Enabled` is removed by the compiler.
package invariants

// Enabled is true in builds with the tag invariants.
const Enabled = false
