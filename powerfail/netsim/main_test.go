package netsim

import (
	"os"
	"testing"

	"lsmlab/powerfail/internal/tuning"
)

// TestMain runs all tests with the memory settings of a campaign.
func TestMain(m *testing.M) {
	tuning.Memory()
	os.Exit(m.Run())
}
