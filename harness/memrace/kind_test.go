package memrace_test

import (
	"testing"

	"lsmlab/harness/memrace"
	"lsmlab/harness/micro/microtest"
)

func TestKind(t *testing.T) {
	microtest.Run(t, memrace.Kind(append(memrace.Own(), memrace.Peers()...)), 100)
}
