package kvtest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"lsmlab/engines/kv"
)

// The operation codec: a run of bytes is a program for an engine. Every string
// of bytes is a valid program, so a fuzzer can cut and splice at will, and a
// random generator is just random bytes.
//
//	program   = options operation*
//	operation = code, then what the code needs: key 1 or 2, size 1, durability 1, ...
//
// The table gives the share of codes, of 256, that each operation takes; the
// last code is an escape to the operations that cost much.
type opCode uint8

const (
	opSet opCode = iota
	opDelete
	opBatch
	opGet
	opScan
	opSnapTake
	opSnapGet
	opSnapScan
	opSnapClose
	opIterOpen
	opIterSeek
	opIterNext
	opIterClose
	opRare
	opFlush
	opCompact
	opReopen
	opCrash
	opCheckAll
	opNone
	opDeleteRange
	opScanReverse
	opSnapReverse
	opTxnBegin
	opTxnSet
	opTxnDelete
	opTxnGet
	opTxnScan
	opTxnReverse
	opTxnEnd
	opCheckpoint
	opPast
)

type share struct {
	code  opCode
	parts int
}

var commonShares = []share{
	{opSet, 84},
	{opDelete, 22},
	{opBatch, 14},
	{opGet, 70},
	{opScan, 12},
	{opSnapTake, 4},
	{opSnapGet, 10},
	{opSnapScan, 3},
	{opSnapClose, 4},
	{opIterOpen, 5},
	{opIterSeek, 6},
	{opIterNext, 16},
	{opIterClose, 5},
	{opRare, 1},
}

// wideShares are those of a program that uses what only some engines can do. Where an
// engine cannot, the operation is the nearest one that all can.
var wideShares = []share{
	{opSet, 70},
	{opDelete, 16},
	{opBatch, 10},
	{opDeleteRange, 4},
	{opGet, 44},
	{opScan, 8},
	{opScanReverse, 8},
	{opSnapTake, 4},
	{opSnapGet, 8},
	{opSnapScan, 3},
	{opSnapReverse, 3},
	{opSnapClose, 4},
	{opIterOpen, 4},
	{opIterSeek, 5},
	{opIterNext, 11},
	{opIterClose, 4},
	{opTxnBegin, 9},
	{opTxnSet, 14},
	{opTxnDelete, 5},
	{opTxnGet, 9},
	{opTxnScan, 4},
	{opTxnReverse, 2},
	{opTxnEnd, 6},
	{opRare, 1},
}

// rareShares take a second byte. In long runs they are rarer still, so that
// opening and flushing do not eat the time.
var (
	rareShares = []share{
		{opFlush, 40}, {opCompact, 8}, {opReopen, 8}, {opCrash, 16}, {opCheckAll, 24}, {opNone, 160},
	}
	rareLongShares = []share{
		{opFlush, 4}, {opCompact, 1}, {opReopen, 1}, {opCrash, 2}, {opCheckAll, 8}, {opNone, 240},
	}
	wideRareShares = []share{
		{opFlush, 40}, {opCompact, 8}, {opReopen, 8}, {opCrash, 16}, {opCheckAll, 24}, {opCheckpoint, 16}, {opPast, 48}, {opNone, 96},
	}
	wideRareLongShares = []share{
		{opFlush, 4}, {opCompact, 1}, {opReopen, 1}, {opCrash, 2}, {opCheckAll, 8}, {opCheckpoint, 1}, {opPast, 16}, {opNone, 223},
	}
)

func codeTable(shares []share) (table [256]opCode) {
	i := 0
	for _, s := range shares {
		for range s.parts {
			table[i] = s.code
			i++
		}
	}
	if i != len(table) {
		panic(fmt.Sprintf("shares sum up to %d", i))
	}
	return table
}

// codeTables are the tables of common and of rare codes.
type codeTables struct{ common, rare, rareLong [256]opCode }

var (
	plainTables = codeTables{codeTable(commonShares), codeTable(rareShares), codeTable(rareLongShares)}
	wideTables  = codeTables{codeTable(wideShares), codeTable(wideRareShares), codeTable(wideRareLongShares)}
)

// program is the source of the operations: fixed bytes, or a random stream.
type program struct {
	rest   []byte
	random *rand.ChaCha8 // nil for fixed bytes
	chunk  [4096]byte
}

func (p *program) byte() byte {
	if len(p.rest) == 0 {
		if p.random == nil {
			return 0
		}
		p.random.Read(p.chunk[:])
		p.rest = p.chunk[:]
	}
	b := p.rest[0]
	p.rest = p.rest[1:]
	return b
}

// ended says that fixed bytes are used up; a random stream never ends.
func (p *program) ended() bool { return p.random == nil && len(p.rest) == 0 }

// wideBit, in the first byte of fixed bytes, asks for wideShares: programs from before
// those mean what they did. A random stream always has them.
const wideBit = 32

// options are the first byte of a program.
type options struct {
	keys     [][]byte // sorted
	bigSizes bool
	tables   *codeTables
}

func (p *program) options() options {
	b := p.byte()
	n := []int{16, 256, 1024, 4096}[b&3]
	if p.random == nil {
		n = []int{16, 256}[b&1] // a key is one byte
	}
	o := options{keys: keySpace(n, b&12 == 12), bigSizes: b&16 != 0, tables: &plainTables}
	if p.random != nil || b&wideBit != 0 {
		o.tables = &wideTables
	}
	return o
}

// keySpace returns n sorted keys, among them awkward ones. A small space makes
// keys meet: most operations then find something to overwrite, hide or delete.
func keySpace(n int, long bool) [][]byte {
	names := awkwardKeys(false)
	if long {
		all := awkwardKeys(true)
		names = append(names, all[len(all)/2], all[len(all)/2+1], all[len(all)/3], strings.Repeat("\x00", 40_000))
	}
	for i := 0; len(names) < n; i++ {
		names = append(names, fmt.Sprintf("%s%x", strings.Repeat("k", i%3*4), i*7919))
	}
	names = names[:max(n, len(names))]
	slices.Sort(names)
	names = slices.Compact(names)
	keys := make([][]byte, len(names))
	for i, name := range names {
		keys[i] = []byte(name)
	}
	return keys
}

func (p *program) key(o *options) []byte { return o.keys[p.keyIndex(o)] }

func (p *program) keyIndex(o *options) int {
	i := int(p.byte())
	if len(o.keys) > 256 {
		i |= int(p.byte()) << 8
	}
	return i % len(o.keys)
}

// bound returns a key, or nil in one of eight.
func (p *program) bound(o *options) []byte {
	if p.byte()&7 == 0 {
		return nil
	}
	return p.key(o)
}

// valueSize is mostly small, and 0 often enough.
func (p *program) valueSize(o *options) int {
	switch n := int(p.byte()); {
	case n < 200:
		return n % 25
	case n < 250:
		return n
	case o.bigSizes:
		return n << 8
	default:
		return n << 4
	}
}

// value returns a value that no other write has, unless it is very short: the
// number of the write, repeated.
func value(dst []byte, size int, number uint64) []byte {
	dst = dst[:0]
	for len(dst) < size {
		dst = binary.LittleEndian.AppendUint64(dst, number)
	}
	return dst[:size]
}

// durability chooses a durability level. The strongest is rare, since on a real disk it
// costs a thousand times the others.
func (p *program) durability(durabilities []kv.Durability) kv.Durability {
	n, b := len(durabilities), int(p.byte())
	if n == 1 || b >= 252 {
		return durabilities[n-1]
	}
	return durabilities[b%(n-1)]
}
