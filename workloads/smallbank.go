package workloads

import (
	"fmt"

	"lsmlab/engines/kv"
)

// smallBank is SmallBank (Alomari, Cahill, Fekete, Röhm, "The Cost of Serializability on
// Platforms That Use Snapshot Isolation", ICDE 2008): customers with a savings and a
// checking account each, six programs, weights and amounts of BenchBase (Amalgamate,
// Balance, DepositChecking, TransactSavings and WriteCheck 15% each, SendPayment 25%).
// Amounts are in cents. Customers are drawn from the distribution of the spec, where
// BenchBase has a hot spot.
//
// WriteCheck reads the savings and writes only the checking account, so snapshot
// isolation allows a write skew with TransactSavings: whether the penalty was due may
// come out as in no serial order. The audit does not see this. What it sees holds at
// snapshot isolation too, because each program writes all accounts whose money it moves:
// an account holds what it held at first, and what committed programs added.
type smallBank struct {
	keySize, size int // bytes
	customers     uint64
	seed          uint64
	balances      *balances // checking accounts, then savings
}

// Tables of SmallBank.
const (
	bankCustomers = 'a' // name, which is a number here, to customer
	bankChecking  = 'c'
	bankSavings   = 's'
)

// Amounts of BenchBase, in cents.
const (
	bankDeposit  = 130
	bankPayment  = 500
	bankSaving   = 2020
	bankCheck    = 500
	bankPenalty  = 100
	bankLeast    = 10_000_00 // of an account at the beginning
	bankMost     = 50_000_00
	bankPerOwner = 3 // rows
)

func openSmallBank(spec Spec) ledger {
	b := &smallBank{keySize: spec.KeySize, size: spec.ValueSize, customers: uint64(spec.Keys), seed: spec.Seed}
	b.balances = newBalances(2*b.customers, b.initial)
	return b
}

func (b *smallBank) rows() int64     { return int64(b.customers) * bankPerOwner }
func (b *smallBank) choices() uint64 { return b.customers }

func (b *smallBank) addRow(batch *kv.Batch, i uint64) {
	table := []byte{bankCustomers, bankChecking, bankSavings}[i/b.customers]
	owner := i % b.customers
	first := int64(owner)
	if table != bankCustomers {
		first = b.initial(b.account(table, owner))
	}
	batch.Set(appendTableKey(nil, table, owner, b.keySize), appendRow(nil, b.size, first))
}

// account is the number of an account among all.
func (b *smallBank) account(table byte, owner uint64) uint64 {
	return owner + b.customers*uint64(btoi(table == bankSavings))
}

// initial is the balance of an account after the preload.
func (b *smallBank) initial(account uint64) int64 {
	src := rowSource(b.seed, account)
	return bankLeast + int64(src.Below(bankMost-bankLeast+1))
}

func (b *smallBank) client(int) client { return &bankClient{bank: b} }

// bankChange is what a program adds to an account.
type bankChange struct {
	account uint64
	amount  int64 // cents
}

// bankClient is a program and draws its arguments.
type bankClient struct {
	bank     *smallBank
	kind     Kind
	one, two uint64
	changes  []bankChange // of the last attempt
	key      []byte
	value    []byte
}

func (c *bankClient) draw(op *Op, s *Stream) {
	c.kind, c.one = op.Kind, s.index()
	c.two = c.one
	if op.Kind == Amalgamate || op.Kind == SendPayment {
		c.two = s.another(c.one)
	}
	op.Index, op.ReadOnly, op.program = c.one, op.Kind == Balance, c
}

func (c *bankClient) String() string {
	if c.one != c.two {
		return fmt.Sprintf("customers %d and %d", c.one, c.two)
	}
	return fmt.Sprintf("customer %d", c.one)
}

func (c *bankClient) committed() {
	for _, change := range c.changes {
		c.bank.balances.add(change.account, change.amount)
	}
}

func (c *bankClient) run(t *txn) error {
	c.changes = c.changes[:0]
	for _, customer := range []uint64{c.one, c.two}[:1+btoi(c.one != c.two)] {
		if _, err := c.read(t, bankCustomers, customer); err != nil {
			return err
		}
	}
	switch c.kind {
	case Balance:
		_, _, err := c.both(t, c.one)
		return err
	case DepositChecking:
		return c.deposit(t, bankChecking, bankDeposit)
	case TransactSavings:
		return c.deposit(t, bankSavings, bankSaving)
	case WriteCheck:
		return c.writeCheck(t)
	case Amalgamate:
		return c.amalgamate(t)
	}
	return c.sendPayment(t)
}

// deposit adds to an account.
func (c *bankClient) deposit(t *txn, table byte, amount int64) error {
	balance, err := c.read(t, table, c.one)
	if err != nil {
		return err
	}
	if balance+amount < 0 {
		return errRollback
	}
	return c.add(t, table, c.one, balance, amount)
}

// writeCheck takes the money of a check, with a penalty if both accounts together do not
// have it.
func (c *bankClient) writeCheck(t *txn) error {
	savings, checking, err := c.both(t, c.one)
	if err != nil {
		return err
	}
	amount := int64(bankCheck)
	if savings+checking < amount {
		amount += bankPenalty
	}
	return c.add(t, bankChecking, c.one, checking, -amount)
}

// amalgamate moves all that one customer has to the checking account of another.
func (c *bankClient) amalgamate(t *txn) error {
	savings, checking, err := c.both(t, c.one)
	if err != nil || c.one == c.two {
		return err
	}
	other, err := c.read(t, bankChecking, c.two)
	if err != nil {
		return err
	}
	if err := c.add(t, bankSavings, c.one, savings, -savings); err != nil {
		return err
	}
	if err := c.add(t, bankChecking, c.one, checking, -checking); err != nil {
		return err
	}
	return c.add(t, bankChecking, c.two, other, savings+checking)
}

// sendPayment moves money between checking accounts, if there is enough.
func (c *bankClient) sendPayment(t *txn) error {
	from, err := c.read(t, bankChecking, c.one)
	if err != nil || c.one == c.two {
		return err
	}
	if from < bankPayment {
		return errRollback
	}
	to, err := c.read(t, bankChecking, c.two)
	if err != nil {
		return err
	}
	if err := c.add(t, bankChecking, c.one, from, -bankPayment); err != nil {
		return err
	}
	return c.add(t, bankChecking, c.two, to, bankPayment)
}

func (c *bankClient) both(t *txn, customer uint64) (savings, checking int64, err error) {
	if savings, err = c.read(t, bankSavings, customer); err != nil {
		return 0, 0, err
	}
	checking, err = c.read(t, bankChecking, customer)
	return savings, checking, err
}

func (c *bankClient) read(t *txn, table byte, customer uint64) (int64, error) {
	c.key = appendTableKey(c.key[:0], table, customer, c.bank.keySize)
	r, err := t.get(c.key, fieldSize)
	if err != nil {
		return 0, err
	}
	return r.field(0), nil
}

// add writes an account that holds balance, with amount added.
func (c *bankClient) add(t *txn, table byte, customer uint64, balance, amount int64) error {
	c.changes = append(c.changes, bankChange{c.bank.account(table, customer), amount})
	c.key = appendTableKey(c.key[:0], table, customer, c.bank.keySize)
	c.value = appendRow(c.value[:0], c.bank.size, balance+amount)
	return t.set(c.key, c.value)
}

func (b *smallBank) audit(r kv.Reader) ([]Invariant, error) {
	a := b.balances.audit("money in the bank, in cents")
	for _, table := range []byte{bankChecking, bankSavings} {
		if err := scanRows(r, table, fieldSize, func(key []byte, value row) error {
			owner, ok := tableNumber(key)
			if !ok || owner >= b.customers {
				return fmt.Errorf("%w: row %s", ErrInvented, quote(key))
			}
			return a.see(b.account(table, owner), value.field(0))
		}); err != nil {
			return nil, err
		}
	}
	return a.invariants(), nil
}
