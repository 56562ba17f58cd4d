//go:build plantedbugs

package lsm

import (
	"testing"

	"lsmlab/engines/internal/planted"
	"lsmlab/engines/testseed"
)

// TestPlantedBugsTxn plants each bug of transactions that shows without a crash, and plays
// random inputs of [FuzzTxn] until one sees it.
func TestPlantedBugsTxn(t *testing.T) {
	defer planted.Set("")
	for _, bug := range []string{planted.TxnUnchecked, planted.TxnCheckEarly, planted.TxnDiscardApplied, planted.PinsIgnored} {
		t.Run(bug, func(t *testing.T) {
			rng := testseed.Rand(t)
			planted.Set(bug)
			for i := range 20_000 {
				data := make([]byte, 200)
				for k := range data {
					data[k] = byte(rng.Uint32())
				}
				if err := playTxns(data); err != nil {
					t.Logf("input %d: %v", i, err)
					return
				}
			}
			t.Error("not seen")
		})
	}
}
