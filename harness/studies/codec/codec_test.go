package codec

import (
	"testing"

	"lsmlab/engines/testseed"
	"lsmlab/harness/micro"
	"lsmlab/harness/micro/microtest"
)

func TestKind(t *testing.T)    { microtest.Run(t, Kind(), 100) }
func TestLengths(t *testing.T) { microtest.Run(t, Lengths(), 100) }

// Every format gives back what it was given, whatever the sizes are, and refuses each
// block that was cut short.
func TestFormats(t *testing.T) {
	seed := testseed.New(t)
	for _, c := range contenders {
		for _, valueSize := range []int{0, 1, 100, 20_000} {
			entries := entriesOf(micro.Job{Seed: seed, KeySize: 16 + valueSize%200, ValueSize: valueSize})
			one := c.open()
			block, err := one.Encode(nil, entries)
			if err != nil {
				t.Fatal(err)
			}
			if err := same(one, block, entries); err != nil {
				t.Errorf("%s, values of %d B: %v", c.Name, valueSize, err)
			}
			for cut := 1; cut < len(block); cut += 1 + len(block)/50 {
				if same(c.open(), block[:cut], entries) == nil {
					t.Errorf("%s takes a block that was cut from %d to %d bytes", c.Name, len(block), cut)
				}
			}
		}
	}
}
