package kvtest

import (
	"testing"

	"lsmlab/engines/kv"
)

var reverseCases []Case
var rangeDeleteCases []Case
var checkpointCases []Case
var historyCases []Case

const checkpointSuffix = ".checkpoint"

// walkBack reads all of it, downwards.
func walkBack(t testing.TB, it kv.ReverseIterator) (all []pair) {
	t.Helper()
	for ok := it.Last(); ok; ok = it.Prev() {
		all = append(all, pair{string(it.Key()), string(it.Value())})
	}
	if err := it.Close(); err != nil {
		t.Fatalf("close of a reverse iterator: %v", err)
	}
	return all
}
