package observability_test

import (
	"testing"

	"lsmlab/harness/micro/microtest"
	"lsmlab/harness/studies/internal/served/servedtest"
	"lsmlab/harness/studies/observability"
)

// TestMain makes the test binary the server that is watched.
func TestMain(m *testing.M) { servedtest.Main(m) }

func TestKind(t *testing.T) { microtest.Run(t, observability.Kind(), 20) }
