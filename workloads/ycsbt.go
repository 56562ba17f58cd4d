package workloads

import (
	"fmt"

	"lsmlab/engines/kv"
	"lsmlab/workloads/dist"
)

// economy is the closed-economy workload of YCSB+T (Dey, Fekete, Nambiar, Röhm,
// "YCSB+T: Benchmarking Web-scale Transactional Databases", ICDE Workshops 2014):
// accounts that hold money, each operation of YCSB a transaction of its own. A read is
// one account; a read-modify-write moves one dollar between two. No money comes in or
// goes out, so the paper's anomaly score, |initial - final| over operations, must be 0.
// The audit compares each account too, because lost updates may cancel each other out.
//
// A row is the balance, the account and filler.
//
// The mix is 90% reads and 10% read-modify-writes, zipfian.
type economy struct {
	keys     Keys
	size     int // of values, bytes
	accounts uint64
	balances *balances
	tallies  tallies
}

const (
	accountDollars = 1000          // of each account at the beginning
	accountNumbers = 2 * fieldSize // bytes of the numbers of a row
)

func openEconomy(spec Spec) ledger {
	return &economy{
		keys: Keys{YCSB, spec.KeySize}, size: spec.ValueSize, accounts: uint64(spec.Keys), tallies: make(tallies, spec.Threads),
		balances: newBalances(uint64(spec.Keys), func(uint64) int64 { return accountDollars }),
	}
}

func (e *economy) rows() int64     { return int64(e.accounts) }
func (e *economy) choices() uint64 { return e.accounts }

func (e *economy) addRow(b *kv.Batch, i uint64) {
	b.Set(e.keys.Append(nil, i), appendRow(nil, e.size, accountDollars, int64(i)))
}

func (e *economy) client(i int) client { return &economyClient{economy: e, tally: &e.tallies[i]} }

// economyClient is a program and draws its arguments.
type economyClient struct {
	economy  *economy
	tally    *tally
	kind     Kind
	from, to uint64
	key      []byte
	keep     []byte // a row across reads
}

func (c *economyClient) draw(op *Op, s *Stream) {
	c.kind, c.from = op.Kind, s.index()
	op.Index, op.ReadOnly, op.program = c.from, op.Kind == ReadAccount, c
	if !op.ReadOnly {
		c.to = s.another(c.from)
	}
}

func (c *economyClient) String() string {
	if c.kind == ReadAccount {
		return fmt.Sprintf("account %d", c.from)
	}
	return fmt.Sprintf("from %d to %d", c.from, c.to)
}

func (c *economyClient) run(t *txn) error {
	c.key = c.economy.keys.Append(c.key[:0], c.from)
	from, err := t.get(c.key, accountNumbers)
	if err != nil || c.kind == ReadAccount || c.from == c.to {
		return err
	}
	from.add(0, -1)
	c.keep = append(c.keep[:0], from...)
	c.key = c.economy.keys.Append(c.key[:0], c.to)
	to, err := t.get(c.key, accountNumbers)
	if err != nil {
		return err
	}
	to.add(0, 1)
	if err := t.set(c.key, to); err != nil {
		return err
	}
	c.key = c.economy.keys.Append(c.key[:0], c.from)
	return t.set(c.key, c.keep)
}

func (c *economyClient) committed() {
	c.tally.commits++
	if c.kind == Transfer && c.from != c.to {
		c.economy.balances.add(c.from, -1)
		c.economy.balances.add(c.to, 1)
	}
}

func (e *economy) audit(r kv.Reader) ([]Invariant, error) {
	a := e.balances.audit("closed economy, sum of all accounts")
	err := scanRows(r, ycsbPrefix[0], accountNumbers, func(key []byte, value row) error {
		if account := uint64(value.field(1)); !e.keys.isKeyOf(key, account) {
			return fmt.Errorf("%w: row %s is of account %d", ErrWrongValue, quote(key), account)
		}
		return a.see(uint64(value.field(1)), value.field(0))
	})
	if !a.sum.holds() {
		off := max(a.sum.Want-a.sum.Got, a.sum.Got-a.sum.Want)
		a.sum.Detail = fmt.Sprintf("anomaly score %.3g", float64(off)/float64(max(e.tallies.sum().commits, 1)))
	}
	return a.invariants(), err
}

// another draws an index other than one, if there is another.
func (s *Stream) another(than uint64) uint64 {
	i := s.index()
	for range 64 { // zipfian draws may repeat for long
		if i != than {
			return i
		}
		i = s.index()
	}
	return (than + 1) % s.choices
}

// rowSource returns the random numbers of preloaded row i.
func rowSource(seed, i uint64) dist.Source { return dist.NewSource(seed+seedPreload, i) }
