package jump

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"
)

// TestPlaces holds where keys are: another place would hide what stores have.
func TestPlaces(t *testing.T) {
	got := ""
	for _, key := range []string{"", "a", "user4052466453699894742", "\x00", "key9"} {
		for _, n := range []int{1, 2, 4, 7, 64} {
			got += fmt.Sprint(shard([]byte(key), n), " ")
		}
	}
	if want := "0 1 2 5 40 0 1 1 6 17 0 1 3 4 56 0 0 0 5 29 0 1 2 5 54 "; got != want {
		t.Errorf("keys are in shards\n%s, want\n%s", got, want)
	}
}

// TestJump counts keys: shards have equal shares, and one more takes its share from all
// others alike while nothing else moves.
func TestJump(t *testing.T) {
	const keys = 100_000
	for n := 1; n < 10; n++ {
		counts, moved := make([]int, n+1), 0
		for i := range uint64(keys) {
			key := binary.BigEndian.AppendUint64(nil, i)
			before, after := shard(key, n), shard(key, n+1)
			if before != after {
				if moved++; after != n {
					t.Fatalf("%d shards: key %d moves from %d to %d", n, i, before, after)
				}
			}
			counts[after]++
		}
		want := float64(keys) / float64(n+1)
		for at, count := range append(counts, moved) {
			if math.Abs(float64(count)-want) > 6*math.Sqrt(want) {
				t.Errorf("%d shards: shard %d has %d keys, want about %.0f", n+1, at, count, want)
			}
		}
	}
}
