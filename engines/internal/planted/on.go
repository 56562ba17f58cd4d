//go:build plantedbugs

package planted

import "sync/atomic"

// Enabled is true in builds with the tag plantedbugs.
const Enabled = true

var active atomic.Value

// Is says whether the bug is active.
func Is(bug string) bool { return active.Load() == bug }

// Set makes the bug of that name the active one; "" makes none active.
func Set(bug string) { active.Store(bug) }
