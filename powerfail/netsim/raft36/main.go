// Command raft36 simulates a cluster over go.etcd.io/raft/v3 v3.6.0, which has the stale
// read of https://github.com/etcd-io/etcd/issues/20418: it judges the simulation, which
// must find it. It is a module of its own, as one module has one version of a library. Its
// tests run a schedule that was drawn up by hand, and draw schedules until they find one;
// the command draws schedules from seeds:
//
//	raft36 [seed [schedules]]
//
// It prints what it found and exits 1, or 0 if it found nothing. From seed 1 the stale read
// is found in schedule 7,362 and shrunk from 135 events to 8.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
	"lsmlab/engines/vfs"
	"lsmlab/powerfail/internal/tuning"
	"lsmlab/powerfail/netsim"
)

func open(fs vfs.FS, _ kv.Durability) (kv.Engine, error) {
	o := lsm.Options{FS: fs}.Small()
	o.Deterministic = true
	db, err := lsm.Open("/db", o)
	if err != nil {
		return nil, err
	}
	return db, nil
}

// campaign returns one that draws schedules from a seed on.
func campaign(seed uint64) netsim.Campaign {
	return netsim.Campaign{
		Options: netsim.Options{Open: open, Core: newCore}, Shape: netsim.Shape{Members: []int{3}, Ticks: 32},
		Seed: seed, Schedules: 1_000_000,
	}
}

func main() {
	c := campaign(1)
	for i, field := range []*uint64{&c.Seed, &c.Schedules} {
		if len(os.Args) <= i+1 {
			break
		}
		n, err := strconv.ParseUint(os.Args[i+1], 10, 64)
		if err != nil {
			fmt.Fprintln(os.Stderr, "usage: raft36 [seed [schedules]]:", err)
			os.Exit(2)
		}
		*field = n
	}
	tuning.Memory()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	counts, found := c.Run(ctx)
	fmt.Printf("%d schedules, %d events\n", counts.Schedules, counts.Events)
	if found == nil {
		return
	}
	fmt.Printf("%s\n%s", found, found.Diagram)
	stop()
	os.Exit(1)
}
