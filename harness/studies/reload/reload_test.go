package reload_test

import (
	"testing"

	"lsmlab/harness/micro/microtest"
	"lsmlab/harness/studies/internal/served/servedtest"
	"lsmlab/harness/studies/reload"
)

// TestMain makes the test binary the server whose settings change.
func TestMain(m *testing.M) { servedtest.Main(m) }

func TestKind(t *testing.T) { microtest.Run(t, reload.Kind(), 4) }
