package walsync_test

import (
	"testing"

	"lsmlab/harness/micro/microtest"
	walsync "lsmlab/harness/studies/wal-sync"
)

func TestKind(t *testing.T) { microtest.Run(t, walsync.Kind(), 1) }
