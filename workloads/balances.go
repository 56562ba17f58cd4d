package workloads

import (
	"fmt"
	"sync/atomic"
)

// balances is what the accounts of a bank must hold after a run: what they held at first,
// and what committed transactions added. At snapshot isolation that is exact for each
// account, because no update of it is lost. Sums alone would miss lost updates that cancel
// each other out.
type balances struct {
	first  func(account uint64) int64
	change []atomic.Int64 // by account
}

func newBalances(accounts uint64, first func(account uint64) int64) *balances {
	return &balances{first, make([]atomic.Int64, accounts)}
}

// add is called after the commit of a transaction that added to an account.
func (b *balances) add(account uint64, amount int64) { b.change[account].Add(amount) }

// audit compares accounts with what they must hold.
type balancesAudit struct {
	of                   *balances
	sum, number, differs Invariant
}

func (b *balances) audit(sum string) *balancesAudit {
	a := &balancesAudit{
		of: b, sum: Invariant{Name: sum}, number: Invariant{Name: "number of accounts", Want: int64(len(b.change))},
		differs: Invariant{Name: "accounts that differ from what was committed"},
	}
	for i := range b.change {
		a.sum.Want += b.want(uint64(i))
	}
	return a
}

func (b *balances) want(account uint64) int64 { return b.first(account) + b.change[account].Load() }

// see takes an account of the store.
func (a *balancesAudit) see(account uint64, balance int64) error {
	if account >= uint64(len(a.of.change)) {
		return fmt.Errorf("%w: account %d of %d", ErrInvented, account, len(a.of.change))
	}
	a.number.Got++
	a.sum.Got += balance
	if want := a.of.want(account); balance != want {
		if a.differs.Got++; a.differs.Detail == "" {
			a.differs.Detail = fmt.Sprintf("account %d holds %d, want %d", account, balance, want)
		}
	}
	return nil
}

// invariants returns what was found, in the order in which it is best read.
func (a *balancesAudit) invariants() []Invariant { return []Invariant{a.number, a.sum, a.differs} }
