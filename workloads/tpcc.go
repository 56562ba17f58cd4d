package workloads

import (
	"fmt"

	"lsmlab/engines/kv"
	"lsmlab/workloads/dist"
)

// tpcc is the part of TPC-C that nearly all of its load consists of: New-Order (clause
// 2.4) and Payment (2.5), 45 to 43. Rows have the sizes that the standard suggests,
// numbers first, amounts in cents and rates in 1/10000.
//
// The keys of the spec are the rows to store: 160,011 make a warehouse, an index of last
// names included, beside 100,000 items that all share. Fewer keys than one warehouse needs shrink customers and items
// alike. What differs from the standard: a terminal has no home, the warehouse is drawn
// from the distribution of the spec (uniform); there is no think time, and no order at
// the beginning, because neither program reads one; C_DATA is filler.
//
// TPC-C is serializable under snapshot isolation (Fekete et al., "Making Snapshot
// Isolation Serializable", TODS 30(2), 2005), so the conditions of clause 3.3.2 hold at
// both levels.
type tpcc struct {
	warehouses, customers, items uint64 // customers of a district
	seed                         uint64
	tallies                      tallies
}

// Cardinalities of clause 1.2.1.
const (
	tpccDistricts = 10 // of a warehouse
	tpccCustomers = 3000
	tpccItems     = 100_000
	tpccNames     = 1000 // last names

	tpccLines = 15 // of an order, at most

	tpccWarehouseRows = 1 + tpccDistricts*(1+2*tpccCustomers) + tpccItems
)

func openTPCC(spec Spec) ledger {
	t := &tpcc{warehouses: 1, customers: tpccCustomers, items: tpccItems, seed: spec.Seed, tallies: make(tallies, spec.Threads)}
	switch keys := uint64(spec.Keys); {
	case keys < tpccWarehouseRows+tpccItems:
		t.customers = max(1, tpccCustomers*keys/(tpccWarehouseRows+tpccItems))
		t.items = max(1, tpccItems*keys/(tpccWarehouseRows+tpccItems))
	default:
		t.warehouses = (keys - tpccItems) / tpccWarehouseRows
	}
	return t
}

func (t *tpcc) choices() uint64 { return t.warehouses }

func (t *tpcc) client(i int) client {
	return &tpccClient{tpcc: t, tally: &t.tallies[i], stream: uint64(i), keys: tpccKeys{make([]byte, 0, 32)}}
}

func (t *tpcc) districts() uint64 { return t.warehouses * tpccDistricts }

// tpccTables are the preloaded tables with their numbers of rows.
func (t *tpcc) tables() []uint64 {
	customers := t.districts() * t.customers
	return []uint64{t.items, t.warehouses, t.districts(), customers, customers, t.warehouses * t.items}
}

func (t *tpcc) rows() (sum int64) {
	for _, n := range t.tables() {
		sum += int64(n)
	}
	return sum
}

func (t *tpcc) addRow(b *kv.Batch, i uint64) {
	src := rowSource(t.seed, i)
	table := 0
	for _, n := range t.tables() {
		if i < n {
			break
		}
		i -= n
		table++
	}
	var k tpccKeys
	district, customer := i/t.customers, i%t.customers
	switch table {
	case 0:
		b.Set(k.item(i), appendRow(nil, itemBytes, int64(100+src.Below(9901))))
	case 1:
		b.Set(k.warehouse(i), appendRow(nil, warehouseBytes, 0, int64(src.Below(2001))))
	case 2:
		b.Set(k.district(i), appendRow(nil, districtBytes, 0, 1, int64(src.Below(2001))))
	case 3:
		b.Set(k.customer(district, customer), appendRow(nil, customerBytes, -10_00, 10_00, 1, int64(src.Below(5001))))
	case 4:
		b.Set(k.name(district, t.lastName(&src, customer), customer), nil)
	case 5:
		b.Set(k.stock(i/t.items, i%t.items), appendRow(nil, stockBytes, int64(10+src.Below(91)), 0, 0, 0))
	}
}

// lastName is the number of a customer's last name: the first customers have one each.
func (t *tpcc) lastName(src *dist.Source, customer uint64) uint64 {
	if customer < tpccNames {
		return customer
	}
	return nuRand(src, 255, tpccNames)
}

// nuRand is NURand(a, 0, n-1) of clause 2.1.6, with the constant C = 0.
func nuRand(src *dist.Source, a, n uint64) uint64 {
	return (src.Below(a+1) | src.Below(n)) % n
}

// orderLine is an item of an order.
type orderLine struct {
	item, supplier, quantity uint64
}

// tpccClient is a program and draws its arguments.
type tpccClient struct {
	tpcc   *tpcc
	tally  *tally
	stream uint64
	kind   Kind

	district, customer uint64 // the district counts over all warehouses
	lines              []orderLine
	unused             bool // the last item does not exist: the order is rolled back

	payer    uint64 // district of the customer who pays
	byName   bool   // customer is a last name
	amount   int64  // cents
	payments uint64 // drawn so far

	keys  tpccKeys
	value []byte
	found []uint64 // customers of a last name
}

func (c *tpccClient) draw(op *Op, s *Stream) {
	c.kind = op.Kind
	warehouse := s.index()
	c.district = warehouse*tpccDistricts + s.src.Below(tpccDistricts)
	op.Index, op.program = warehouse, c
	if op.Kind == NewOrder {
		c.drawOrder(&s.src, warehouse)
	} else {
		c.drawPayment(&s.src, warehouse)
	}
}

func (c *tpccClient) drawOrder(src *dist.Source, warehouse uint64) {
	c.customer = nuRand(src, 1023, c.tpcc.customers)
	c.unused = src.Below(100) == 0
	c.lines = c.lines[:0]
	for range 5 + src.Below(tpccLines-4) {
		line := orderLine{nuRand(src, 8191, c.tpcc.items), warehouse, 1 + src.Below(10)}
		if src.Below(100) == 0 {
			line.supplier = c.otherWarehouse(src, warehouse)
		}
		c.lines = append(c.lines, line)
	}
}

func (c *tpccClient) drawPayment(src *dist.Source, warehouse uint64) {
	c.payments++
	c.payer = c.district
	if src.Below(100) < 15 {
		c.payer = c.otherWarehouse(src, warehouse)*tpccDistricts + src.Below(tpccDistricts)
	}
	c.amount = int64(100 + src.Below(500_000-99))
	if c.byName = src.Below(100) < 60; c.byName {
		c.customer = nuRand(src, 255, min(tpccNames, c.tpcc.customers))
	} else {
		c.customer = nuRand(src, 1023, c.tpcc.customers)
	}
}

func (c *tpccClient) otherWarehouse(src *dist.Source, home uint64) uint64 {
	if c.tpcc.warehouses == 1 {
		return home
	}
	return (home + 1 + src.Below(c.tpcc.warehouses-1)) % c.tpcc.warehouses
}

func (c *tpccClient) String() string {
	if c.kind == NewOrder {
		return fmt.Sprintf("district %d customer %d lines %v unused %v", c.district, c.customer, c.lines, c.unused)
	}
	return fmt.Sprintf("district %d payer %d/%d by name %v amount %d", c.district, c.payer, c.customer, c.byName, c.amount)
}

func (c *tpccClient) committed() {
	c.tally.commits++
	if c.kind == NewOrder {
		c.tally.orders++
	} else {
		c.tally.amount += c.amount
	}
}

func (c *tpccClient) run(t *txn) error {
	if c.kind == NewOrder {
		return c.newOrder(t)
	}
	return c.payment(t)
}
