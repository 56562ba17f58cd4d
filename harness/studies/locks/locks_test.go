package locks_test

import (
	"testing"

	"lsmlab/harness/micro/microtest"
	"lsmlab/harness/studies/locks"
)

func TestKind(t *testing.T) { microtest.Run(t, locks.Kind(), 100) }
