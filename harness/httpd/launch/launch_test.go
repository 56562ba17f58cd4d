package launch

import (
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/harness/result"
)

// TestLevelsOf: settings that change while a store is open cannot ask of it what it
// does not give.
func TestLevelsOf(t *testing.T) {
	gives := levelsOf(result.EngineInfo{Name: "fixed", FixedLevel: true, Options: map[string]string{"buffered": "", "synced": ""}}, kv.Buffered)
	for d, want := range map[kv.Durability]string{
		kv.Volatile: "does not give durability level volatile, but buffered, synced",
		kv.Buffered: "",
		kv.Synced:   "start again for synced",
	} {
		err := gives(d)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", d, err, want)
		}
	}
}
