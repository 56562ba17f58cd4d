package sim

import (
	"os"
	"testing"

	"lsmlab/powerfail/internal/tuning"
)

// TestMain runs all tests with the memory settings of a campaign: without them, flushes of
// the heap profile and the collector take half of the time.
func TestMain(m *testing.M) {
	tuning.Memory()
	os.Exit(m.Run())
}
