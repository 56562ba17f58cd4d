package kv_test

import (
	"slices"
	"testing"

	"lsmlab/engines/kv"
)

func TestIsolationNames(t *testing.T) {
	levels := kv.Isolations()
	if !slices.IsSorted(levels) {
		t.Errorf("%v are not in order of strength", levels)
	}
	for _, level := range levels {
		if got, err := kv.ParseIsolation(level.String()); err != nil || got != level {
			t.Errorf("ParseIsolation(%q) = %v, %v", level, got, err)
		}
	}
	if got := new(kv.TxnOptions).Isolation; got != kv.SnapshotIsolation {
		t.Errorf("the zero options ask for %v", got)
	}
	if got := kv.Isolation(9).String(); got != "isolation(9)" {
		t.Errorf("String of no level: %s", got)
	}
	if _, err := kv.ParseIsolation("repeatable"); err == nil {
		t.Error("ParseIsolation took a name that is none")
	}
}
