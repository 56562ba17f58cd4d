package workloads

import "encoding/binary"

// Tables of TPC-C, with the numbers at the beginning of their rows. Numbers in keys are
// big-endian, so orders of a district sort by number. A district is numbered over all
// warehouses.
//
//	i item                        price
//	w warehouse                   year-to-date payments, tax
//	d district                    year-to-date payments, next order, tax
//	c district, customer          balance, year-to-date payments, number of payments, discount
//	n district, name, customer    (an index; no value)
//	s warehouse, item             quantity, year-to-date, orders, remote orders
//	o district, order             customer, lines
//	q district, order             (new-order; no value)
//	l district, order, line       item, supplier, quantity, amount
//	h district, stream, payment   amount
const (
	warehouseBytes = 89 // sizes of rows, clause 4.2.2
	districtBytes  = 95
	customerBytes  = 655
	itemBytes      = 82
	stockBytes     = 306
	orderBytes     = 24
	lineBytes      = 54
	historyBytes   = 46
)

// Numbers of rows that have several.
const (
	paid         = 0 // of warehouse and district
	warehouseTax = 1
	nextOrder    = 1
	districtTax  = 2

	customerBalance  = 0
	customerPaid     = 1
	customerPayments = 2

	stockQuantity = 0
	stockYear     = 1
	stockOrders   = 2
	stockRemote   = 3

	orderLines = 1
)

// tpccKeys makes keys. Each replaces the one before.
type tpccKeys struct{ buf []byte }

func (k *tpccKeys) start(table byte, number uint64) {
	k.buf = binary.BigEndian.AppendUint32(append(k.buf[:0], table), uint32(number))
}

func (k *tpccKeys) item(i uint64) []byte {
	k.start('i', i)
	return k.buf
}

func (k *tpccKeys) warehouse(w uint64) []byte {
	k.start('w', w)
	return k.buf
}

func (k *tpccKeys) district(d uint64) []byte {
	k.start('d', d)
	return k.buf
}

func (k *tpccKeys) customer(d, c uint64) []byte {
	k.start('c', d)
	k.buf = binary.BigEndian.AppendUint32(k.buf, uint32(c))
	return k.buf
}

// names is the key before all customers of a last name.
func (k *tpccKeys) names(d, name uint64) []byte {
	k.start('n', d)
	k.buf = binary.BigEndian.AppendUint16(k.buf, uint16(name))
	return k.buf
}

func (k *tpccKeys) name(d, name, c uint64) []byte {
	k.names(d, name)
	k.buf = binary.BigEndian.AppendUint32(k.buf, uint32(c))
	return k.buf
}

func (k *tpccKeys) stock(w, item uint64) []byte {
	k.start('s', w)
	k.buf = binary.BigEndian.AppendUint32(k.buf, uint32(item))
	return k.buf
}

// order is the key of an order or, with table 'q', of a new-order row.
func (k *tpccKeys) order(table byte, d, order uint64) []byte {
	k.start(table, d)
	k.buf = binary.BigEndian.AppendUint64(k.buf, order)
	return k.buf
}

func (k *tpccKeys) line(d, order uint64, line int) []byte {
	k.order('l', d, order)
	k.buf = append(k.buf, byte(line))
	return k.buf
}

func (k *tpccKeys) history(d, stream, payment uint64) []byte {
	k.start('h', d)
	k.buf = binary.BigEndian.AppendUint32(k.buf, uint32(stream))
	k.buf = binary.BigEndian.AppendUint64(k.buf, payment)
	return k.buf
}

const minPlaceKeySize = 5 // bytes: the letter and the first number

// placeOf returns the first number of a key of at least minPlaceKeySize bytes.
func placeOf(key []byte) uint64 { return uint64(binary.BigEndian.Uint32(key[1:])) }
