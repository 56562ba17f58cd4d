package workloads

import (
	"encoding/binary"
	"fmt"
)

// row is a value of a transactional workload: numbers of 8 bytes, little-endian, then
// filler up to the size of the row.
type row []byte

const fieldSize = 8 // bytes of a number

// check refuses a row that is shorter than its numbers.
func (r row) check(key []byte, size int) error {
	if len(r) < size {
		return fmt.Errorf("%w: row %s has %d bytes, want at least %d", ErrWrongValue, quote(key), len(r), size)
	}
	return nil
}

// field returns number i. The row must be long enough.
func (r row) field(i int) int64 { return int64(binary.LittleEndian.Uint64(r[i*fieldSize:])) }

// put replaces number i.
func (r row) put(i int, v int64) { binary.LittleEndian.PutUint64(r[i*fieldSize:], uint64(v)) }

// add adds to number i.
func (r row) add(i int, v int64) { r.put(i, r.field(i)+v) }

// appendRow appends a row of size bytes, or more if the numbers need them. The filler
// depends on the first number alone.
func appendRow(dst []byte, size int, fields ...int64) []byte {
	for _, v := range fields {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(v))
	}
	filler := size - len(fields)*fieldSize
	for i := range max(filler, 0) {
		dst = append(dst, byte('a'+(int(fields[0])+i)&15))
	}
	return dst
}

// appendTableKey appends the key of a row in a table: the table's letter, the number of
// the row, zeros up to size bytes. Keys of one table sort by number.
func appendTableKey(dst []byte, table byte, n uint64, size int) []byte {
	dst = append(dst, table)
	dst = binary.BigEndian.AppendUint64(dst, n)
	return appendZeros(dst, size-minTableKeySize)
}

const minTableKeySize = 9 // bytes

// tableNumber returns the number in a key that appendTableKey made.
func tableNumber(key []byte) (n uint64, ok bool) {
	if len(key) < minTableKeySize {
		return 0, false
	}
	return binary.BigEndian.Uint64(key[1:]), true
}
