package memtabletest

import (
	"testing"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
	"lsmlab/engines/testseed"
)

// Fuzz turns bytes into operations. It compares the table with the model after each
// read, and completely at the end. An operation is encoded as
//
//	| op 1 | key size 1 (mod 20) | key | argument 1 |
//
// op mod 8: 0..4 add a version, 5 add a tombstone, 6 read, 7 check everything. The
// argument is the size of the value, and chooses the sequence number: versions arrive
// in any order.
func Fuzz(f *testing.F, fac memtable.Factory) {
	f.Add([]byte{})
	f.Add([]byte("\x00\x01a\x05\x00\x01a\x03\x05\x01a\x00\x06\x01a\x04"))
	f.Add([]byte("\x00\x00\x10\x00\x01a\x10\x00\x02a\x00\x10\x00\x09a\x00\x00\x00\x00\x00\x00\x00\x00\x10\x06\x08a\x00\x00\x00\x00\x00\x00\x00\x01"))
	f.Add([]byte("\x01\x0auser123456\x10\x01\x0auser123455\x20\x01\x04user\x30\x01\x03uss\x40\x07\x06\x0auser123457\xff"))
	f.Add([]byte("\x00\x0f\x00\x00\x00\x00\x00\x00\x00\x010000000\x10\x00\x01\xff\x10\x00\x0801234567\x07"))
	testseed.Inputs(f, 8, 2000)
	f.Fuzz(func(t *testing.T, data []byte) {
		mt := fac(memtable.Options{SizeHint: int64(len(data))})
		defer mt.Release()
		tb := &table{t: t, mt: mt}
		for i := 0; len(data) >= 3; i++ {
			op, size := data[0], int(data[1])%20
			size = min(size, len(data)-3)
			user, arg := data[2:2+size], data[2+size]
			data = data[3+size:]
			seq := ikey.Seq(arg)<<32 | ikey.Seq(i+1)
			switch op % 8 {
			case 7:
				tb.check()
			case 6:
				it := mt.NewIterator()
				for _, s := range []ikey.Seq{seq, ikey.MaxSeq} {
					if err := tb.agreeAt(mt, it, user, s); err != nil {
						t.Fatal(err)
					}
				}
				it.Close()
			case 5:
				tb.add(user, seq, ikey.Delete, nil)
			default:
				tb.add(user, seq, ikey.Set, valueOf(user, seq, int(arg)))
			}
		}
		tb.check()
	})
}
