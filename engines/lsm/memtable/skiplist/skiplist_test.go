package skiplist

import (
	"testing"

	"lsmlab/engines/lsm/memtable/memtabletest"
)

func TestMemTable(t *testing.T) { memtabletest.Run(t, New) }
func FuzzMemTable(f *testing.F) { memtabletest.Fuzz(f, New) }
