package mmap_test

import (
	"testing"

	"lsmlab/harness/micro/microtest"
	"lsmlab/harness/studies/mmap"
)

func TestKind(t *testing.T) { microtest.Run(t, mmap.Kind(), 4) }
