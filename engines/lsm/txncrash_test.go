package lsm

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/testseed"
	"lsmlab/engines/vfs"
)

const (
	crashAccounts = 5
	crashWorkers  = 3
	crashBalance  = 100 // of each account at first
)

// TestTxnCrash cuts the power, or kills the process, at operations of the file system
// while transactions move money between accounts. Each writes both accounts, with how
// many transfers touched them, and the number of its worker's transfers. So in whatever
// is found after: the sum of the balances is that of the beginning, the touches are twice
// the transfers, and no worker has fewer of those than were acknowledged as synced.
func TestTxnCrash(t *testing.T) {
	transfers, every := 1000, 8
	if testing.Short() {
		transfers, every = 100, 20
	}
	seed := testseed.New(t)
	type state struct {
		disk  *vfs.Mem
		acked [crashWorkers]int64
		op    vfs.Op
	}
	var mu sync.Mutex // of the three below
	var states []state
	crashes, ops := rand.New(rand.NewPCG(seed, 1)), 0
	var acked [crashWorkers]atomic.Int64
	disk := vfs.NewMem()
	db := openTxns(t, func(o *Options) { o.FS = disk })
	for i := range crashAccounts {
		set(t, db, fmt.Sprint("account", i), fmt.Sprint(crashBalance, " ", 0))
	}
	check(t, db.Sync())
	disk.OnOp = func(op vfs.Op) {
		mu.Lock()
		defer mu.Unlock()
		if ops++; crashes.IntN(every) != 0 {
			return
		}
		s := state{op: op}
		for w := range acked { // before the clone, which may hold more
			s.acked[w] = acked[w].Load()
		}
		s.disk = disk.CrashClone(vfs.CrashOptions{
			Choose: vfs.Chance([]float64{0, 0.3, 0.6, 1}[crashes.IntN(4)], crashes), BlockSize: 512,
			Strict: crashes.IntN(2) == 0, ProcessCrash: crashes.IntN(4) == 0,
		})
		states = append(states, s)
	}
	var wg sync.WaitGroup
	for w := range crashWorkers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(2+w)))
			for n := int64(1); n <= int64(transfers); {
				d := kv.Durability(rng.IntN(int(kv.Synced) + 1))
				err := transfer(db, rng, w, n, d)
				if errors.Is(err, kv.ErrConflict) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if d == kv.Synced {
					acked[w].Store(n)
				}
				if n++; n%50 == 0 {
					if err := db.Flush(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	check(t, db.Close())
	for _, s := range states {
		checkTransfers(t, s.disk, s.acked, s.op)
	}
	t.Logf("%d states of %d operations", len(states), ops)
}

// transfer moves money in the n-th transfer of worker w.
func transfer(db *DB, rng *rand.Rand, w int, n int64, d kv.Durability) error {
	tx, err := db.Begin(kv.TxnOptions{Isolation: kv.Isolation(rng.IntN(2))})
	if err != nil {
		return err
	}
	defer tx.Discard()
	from := rng.IntN(crashAccounts)
	to, amount := (from+1+rng.IntN(crashAccounts-1))%crashAccounts, rng.IntN(20)
	for account, change := range map[int]int{from: -amount, to: amount} {
		key := fmt.Append(nil, "account", account)
		balance, touches, err := readAccount(tx, key)
		if err == nil {
			err = tx.Set(key, fmt.Append(nil, balance+change, " ", touches+1))
		}
		if err != nil {
			return err
		}
	}
	if err := tx.Set(fmt.Append(nil, "worker", w), fmt.Append(nil, n)); err != nil {
		return err
	}
	return tx.Commit(d)
}

func readAccount(r kv.Reader, key []byte) (balance, touches int, err error) {
	v, err := r.Get(nil, key)
	if err == nil {
		_, err = fmt.Sscan(string(v), &balance, &touches)
	}
	return balance, touches, err
}

// checkTransfers opens what a crash left and checks what must hold there.
func checkTransfers(t *testing.T, disk *vfs.Mem, acked [crashWorkers]int64, op vfs.Op) {
	t.Helper()
	o := Options{FS: disk}.Small()
	db, err := Open("db", o)
	if err != nil {
		t.Fatalf("crash at %v: %v", op, err)
	}
	sum, touches, transfers := 0, 0, int64(0)
	for i := range crashAccounts {
		balance, touched, err := readAccount(db, fmt.Append(nil, "account", i))
		check(t, err)
		sum, touches = sum+balance, touches+touched
	}
	for w := range crashWorkers {
		v, err := db.Get(nil, fmt.Append(nil, "worker", w))
		var n int64
		if err == nil {
			_, err = fmt.Sscan(string(v), &n)
		}
		if err != nil && !errors.Is(err, kv.ErrNotFound) {
			t.Fatal(err)
		}
		if n < acked[w] {
			t.Errorf("crash at %v: worker %d has %d transfers, %d were acknowledged", op, w, n, acked[w])
		}
		transfers += n
	}
	if sum != crashAccounts*crashBalance || int64(touches) != 2*transfers {
		t.Errorf("crash at %v: the sum is %d, accounts were touched %d times by %d transfers", op, sum, touches, transfers)
	}
	check(t, db.Close())
}
