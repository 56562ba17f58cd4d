package workloads

import (
	"encoding/binary"
	"fmt"
)

// newOrder is clause 2.4.2.2.
func (c *tpccClient) newOrder(t *txn) error {
	warehouse := c.district / tpccDistricts
	if _, err := t.get(c.keys.warehouse(warehouse), 2*fieldSize); err != nil {
		return err
	}
	order, err := c.takeOrder(t)
	if err != nil {
		return err
	}
	if _, err := t.get(c.keys.customer(c.district, c.customer), 4*fieldSize); err != nil {
		return err
	}
	c.value = appendRow(c.value[:0], orderBytes, int64(c.customer), int64(len(c.lines)))
	if err := t.set(c.keys.order('o', c.district, order), c.value); err != nil {
		return err
	}
	if err := t.set(c.keys.order('q', c.district, order), nil); err != nil {
		return err
	}
	for i, line := range c.lines {
		if c.unused && i == len(c.lines)-1 {
			_, _, err := t.find(c.keys.item(c.tpcc.items))
			if err == nil {
				err = errRollback
			}
			return err
		}
		if err := c.orderLine(t, order, i, line); err != nil {
			return err
		}
	}
	return nil
}

// takeOrder returns the next order number of the district and raises it.
func (c *tpccClient) takeOrder(t *txn) (uint64, error) {
	district, err := t.get(c.keys.district(c.district), 3*fieldSize)
	if err != nil {
		return 0, err
	}
	order := district.field(nextOrder)
	district.put(nextOrder, order+1)
	return uint64(order), t.set(c.keys.buf, district)
}

func (c *tpccClient) orderLine(t *txn, order uint64, i int, line orderLine) error {
	item, err := t.get(c.keys.item(line.item), fieldSize)
	if err != nil {
		return err
	}
	amount := item.field(0) * int64(line.quantity)
	stock, err := t.get(c.keys.stock(line.supplier, line.item), 4*fieldSize)
	if err != nil {
		return err
	}
	quantity := int64(line.quantity)
	left := stock.field(stockQuantity) - quantity
	if left < 10 {
		left += 91
	}
	stock.put(stockQuantity, left)
	stock.add(stockYear, quantity)
	stock.add(stockOrders, 1)
	if line.supplier != c.district/tpccDistricts {
		stock.add(stockRemote, 1)
	}
	if err := t.set(c.keys.buf, stock); err != nil {
		return err
	}
	c.value = appendRow(c.value[:0], lineBytes, int64(line.item), int64(line.supplier), quantity, amount)
	return t.set(c.keys.line(c.district, order, i), c.value)
}

// payment is clause 2.5.2.2.
func (c *tpccClient) payment(t *txn) error {
	warehouse, err := t.get(c.keys.warehouse(c.district/tpccDistricts), 2*fieldSize)
	if err != nil {
		return err
	}
	warehouse.add(paid, c.amount)
	if err := t.set(c.keys.buf, warehouse); err != nil {
		return err
	}
	district, err := t.get(c.keys.district(c.district), 3*fieldSize)
	if err != nil {
		return err
	}
	district.add(paid, c.amount)
	if err := t.set(c.keys.buf, district); err != nil {
		return err
	}
	payer := c.customer
	if c.byName {
		if payer, err = c.middleOfName(t); err != nil {
			return err
		}
	}
	customer, err := t.get(c.keys.customer(c.payer, payer), 4*fieldSize)
	if err != nil {
		return err
	}
	customer.add(customerBalance, -c.amount)
	customer.add(customerPaid, c.amount)
	customer.add(customerPayments, 1)
	if err := t.set(c.keys.buf, customer); err != nil {
		return err
	}
	c.value = appendRow(c.value[:0], historyBytes, c.amount, int64(payer))
	return t.set(c.keys.history(c.district, c.stream, c.payments), c.value)
}

// middleOfName returns the customer in the middle of those with a last name. The
// standard sorts them by first name; here they are in the order of their numbers.
func (c *tpccClient) middleOfName(t *txn) (uint64, error) {
	c.value = append(c.value[:0], c.keys.names(c.payer, c.customer)...)
	it := t.Scan(c.value, c.keys.names(c.payer, c.customer+1))
	t.counts.Scans++
	c.found = c.found[:0]
	for ok := it.First(); ok; ok = it.Next() {
		key := it.Key()
		t.counts.EntriesScanned++
		t.counts.BytesRead += int64(len(key))
		c.found = append(c.found, uint64(binary.BigEndian.Uint32(key[len(key)-4:])))
	}
	if err := it.Close(); err != nil {
		return 0, err
	}
	if len(c.found) == 0 {
		return 0, fmt.Errorf("%w: no customer of district %d has last name %d", ErrLost, c.payer, c.customer)
	}
	return c.found[len(c.found)/2], nil
}
