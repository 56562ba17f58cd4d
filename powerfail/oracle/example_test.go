package oracle_test

import (
	"fmt"
	"log"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/oracle"
)

// A history with two synced writes and one that was not acknowledged. The oracle says
// which contents a power failure may leave.
func Example() {
	at := int64(0) // the position in the log of the tier, here of nothing but writes
	r := oracle.NewRecorder(nil, func() int64 { at++; return at })
	put := func(key, value string) (id int) {
		var b kv.Batch
		b.Set([]byte(key), []byte(value))
		return r.Begin(0, &b, kv.Synced)
	}
	r.Ack(put("a", "1"))
	r.Ack(put("b", "2"))
	put("c", "3") // the power fails before the acknowledgement
	x, err := r.History().Index()
	if err != nil {
		log.Fatal(err)
	}
	cut := oracle.Cut{Position: at, Kind: oracle.PowerOff}

	for _, content := range [][]oracle.Entry{
		{entry("a", "1"), entry("b", "2")},
		{entry("a", "1"), entry("b", "2"), entry("c", "3")}, // it may be there, too
		{entry("a", "1")},
		{entry("a", "1"), entry("b", "5")},
	} {
		found, broken := x.Judge(cut, content)
		if broken != nil {
			fmt.Println(broken.Rule)
			continue
		}
		fmt.Println("sound, writes found:", found)
	}
	// Output:
	// sound, writes found: [2]
	// sound, writes found: [3]
	// lost
	// invented
}

func entry(key, value string) oracle.Entry {
	return oracle.Entry{Key: []byte(key), Value: []byte(value)}
}

// The same content is judged by what the crash may take: a killed process takes nothing
// that the operating system had, a power failure all that was not synced.
func ExampleIndex_Judge() {
	at := int64(0)
	r := oracle.NewRecorder(nil, func() int64 { at++; return at })
	var b kv.Batch
	b.Set([]byte("a"), []byte("1"))
	r.Ack(r.Begin(0, &b, kv.Buffered))
	x, err := r.History().Index()
	if err != nil {
		log.Fatal(err)
	}
	_, broken := x.Judge(oracle.Cut{Position: at, Kind: oracle.PowerOff}, nil)
	fmt.Println(broken == nil)
	_, broken = x.Judge(oracle.Cut{Position: at, Kind: oracle.Kill}, nil)
	fmt.Println(broken.Rule)
	// Output:
	// true
	// lost
}
