//go:build !plantedbugs

package planted

// Enabled is true in builds with the tag plantedbugs.
const Enabled = false

// Is says whether the bug is active.
func Is(string) bool { return false }

// Set makes the bug of that name the active one; "" makes none active.
func Set(string) {}
