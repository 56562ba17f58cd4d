package workloads

import (
	"encoding/binary"
	"fmt"

	"lsmlab/engines/kv"
)

// districtSums are what the audit of TPC-C knows of a district.
type districtSums struct {
	paid, history       int64 // cents
	next                int64 // order number
	orders, lastOrder   int64 // rows of ORDER, the last number
	linesOrdered, lines int64 // by the orders, rows of ORDER-LINE
	// Rows of NEW-ORDER, their first and last number.
	newOrders, firstNew, lastNew int64
}

// audit checks conditions 1 to 4, 8 and 9 of clause 3.3.2, and that the store has the
// orders and payments that were committed. Conditions 5 to 7, 11 and 12 need the
// transactions that are left out.
func (t *tpcc) audit(r kv.Reader) ([]Invariant, error) {
	warehouses, districts, err := t.sums(r)
	if err != nil {
		return nil, err
	}
	var orders, newOrders, history int64
	paidByDistricts, paidByHistory := make([]int64, t.warehouses), make([]int64, t.warehouses)
	each := int64(len(districts))
	next := condition("district", "D_NEXT_O_ID - 1 = max(O_ID) = max(NO_O_ID)", each)
	gaps := condition("district", "max(NO_O_ID) - min(NO_O_ID) + 1 = rows of NEW-ORDER", each)
	lines := condition("district", "sum(O_OL_CNT) = rows of ORDER-LINE", each)
	paidD := condition("district", "D_YTD = sum(H_AMOUNT)", each)
	for i, d := range districts {
		orders += d.orders
		newOrders += d.newOrders
		history += d.history
		paidByDistricts[i/tpccDistricts] += d.paid
		paidByHistory[i/tpccDistricts] += d.history
		next.judge(i, d.next-1 == d.lastOrder && d.lastOrder == d.lastNew, d.next-1, d.lastOrder, d.lastNew)
		gaps.judge(i, d.newOrders == 0 || d.lastNew-d.firstNew+1 == d.newOrders, d.lastNew, d.firstNew, d.newOrders)
		lines.judge(i, d.linesOrdered == d.lines, d.linesOrdered, d.lines)
		paidD.judge(i, d.paid == d.history, d.paid, d.history)
	}
	paidW := condition("warehouse", "W_YTD = sum(D_YTD)", int64(t.warehouses))
	paidH := condition("warehouse", "W_YTD = sum(H_AMOUNT)", int64(t.warehouses))
	for i, paid := range warehouses {
		paidW.judge(i, paid == paidByDistricts[i], paid, paidByDistricts[i])
		paidH.judge(i, paid == paidByHistory[i], paid, paidByHistory[i])
	}
	done := t.tallies.sum()
	return []Invariant{
		{Name: "orders", Want: done.orders, Got: orders},
		{Name: "rows of NEW-ORDER", Want: done.orders, Got: newOrders},
		{Name: "sum of payments, in cents", Want: done.amount, Got: history},
		paidW.Invariant, next.Invariant, gaps.Invariant, lines.Invariant, paidH.Invariant, paidD.Invariant,
	}, nil
}

// conditionCheck counts the places at which a condition holds.
type conditionCheck struct {
	Invariant
	place string
}

func condition(place, name string, places int64) conditionCheck {
	return conditionCheck{Invariant{Name: name + ", " + place + "s where it holds", Want: places}, place}
}

// judge counts place i, or keeps the sides of the first condition that does not hold.
func (c *conditionCheck) judge(i int, holds bool, sides ...int64) {
	switch {
	case holds:
		c.Got++
	case c.Detail == "":
		c.Detail = fmt.Sprintf("%s %d has %v", c.place, i, sides)
	}
}

// sums reads the whole store: what each warehouse was paid, and the districts.
func (t *tpcc) sums(r kv.Reader) (warehouses []int64, districts []districtSums, err error) {
	warehouses, districts = make([]int64, t.warehouses), make([]districtSums, t.districts())
	tables := []struct {
		letter byte
		size   int // of the numbers of a row, bytes
		take   func(d *districtSums, key []byte, value row)
	}{
		{'d', 3 * fieldSize, func(d *districtSums, _ []byte, value row) {
			d.paid, d.next = value.field(paid), value.field(nextOrder)
		}},
		{'o', 2 * fieldSize, func(d *districtSums, key []byte, value row) {
			d.orders++
			d.lastOrder = orderOf(key)
			d.linesOrdered += value.field(orderLines)
		}},
		{'q', 0, func(d *districtSums, key []byte, _ row) {
			if d.lastNew = orderOf(key); d.newOrders == 0 {
				d.firstNew = d.lastNew
			}
			d.newOrders++
		}},
		{'l', 4 * fieldSize, func(d *districtSums, _ []byte, _ row) { d.lines++ }},
		{'h', fieldSize, func(d *districtSums, _ []byte, value row) { d.history += value.field(0) }},
	}
	if err := scanPlaces(r, 'w', 2*fieldSize, t.warehouses, func(w uint64, _ []byte, value row) {
		warehouses[w] = value.field(paid)
	}); err != nil {
		return nil, nil, err
	}
	for _, table := range tables {
		if err := scanPlaces(r, table.letter, table.size, t.districts(), func(d uint64, key []byte, value row) {
			table.take(&districts[d], key, value)
		}); err != nil {
			return nil, nil, err
		}
	}
	return warehouses, districts, nil
}

// scanPlaces is scanRows for keys that begin with the number of a warehouse or district,
// of which there are so many.
func scanPlaces(r kv.Reader, table byte, size int, places uint64, f func(place uint64, key []byte, value row)) error {
	return scanTable(r, table, func(key []byte, value row) error {
		if len(key) < minPlaceKeySize || placeOf(key) >= places {
			return fmt.Errorf("%w: row %s", ErrInvented, quote(key))
		}
		if err := value.check(key, size); err != nil {
			return err
		}
		f(placeOf(key), key, value)
		return nil
	})
}

// orderOf returns the order number in the key of an order or new-order row.
func orderOf(key []byte) int64 {
	if len(key) < minPlaceKeySize+8 {
		return 0 // no order has this number, so the conditions do not hold
	}
	return int64(binary.BigEndian.Uint64(key[minPlaceKeySize:]))
}
