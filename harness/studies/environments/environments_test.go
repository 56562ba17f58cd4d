package environments_test

import (
	"testing"

	"lsmlab/harness/micro/microtest"
	"lsmlab/harness/studies/environments"
	"lsmlab/harness/studies/internal/served/servedtest"
)

// TestMain makes the test binary the server in each environment.
func TestMain(m *testing.M) { servedtest.Main(m) }

func TestKind(t *testing.T) { microtest.Run(t, environments.Kind(), 20) }
