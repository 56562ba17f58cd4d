// Command ycsb runs the core workloads of YCSB against a server that speaks the Redis
// protocol, and checks what it reads. It uses go-ycsb as a library:
//
//	ycsb 127.0.0.1:6380
//
// It prints one line for each workload. It ends with status 1 if an operation failed,
// or if one read something that was not written. It is a separate module, because
// go-ycsb requires the clients of twenty databases.
package main

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/magiconair/properties"
	_ "github.com/pingcap/go-ycsb/db/redis"
	"github.com/pingcap/go-ycsb/pkg/client"
	"github.com/pingcap/go-ycsb/pkg/measurement"
	_ "github.com/pingcap/go-ycsb/pkg/workload"
	"github.com/pingcap/go-ycsb/pkg/ycsb"
)

// workloads are YCSB's A to D and F, by their shares. E is missing: it scans, which
// go-ycsb cannot do with the Redis protocol.
var workloads = []struct{ name, read, update, insert, readModifyWrite, distribution string }{
	{"a", "0.5", "0.5", "0", "0", "zipfian"},
	{"b", "0.95", "0.05", "0", "0", "zipfian"},
	{"c", "1", "0", "0", "0", "zipfian"},
	{"d", "0.95", "0", "0.05", "0", "latest"},
	{"f", "0.5", "0", "0", "0.5", "zipfian"},
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "ycsb: want the address of a server")
		os.Exit(2)
	}
	for _, w := range workloads {
		if err := run(os.Args[1], w.name, map[string]string{
			"readproportion": w.read, "updateproportion": w.update, "insertproportion": w.insert,
			"readmodifywriteproportion": w.readModifyWrite, "requestdistribution": w.distribution,
		}); err != nil {
			fmt.Fprintf(os.Stderr, "ycsb %s: %v\n", w.name, err)
			os.Exit(1)
		}
	}
}

// run loads a table of its own and does one workload on it.
func run(addr, name string, shares map[string]string) error {
	p := properties.NewProperties()
	for _, pair := range [][2]string{
		{"redis.addr", addr},
		{"redis.datatype", "string"},
		{"table", "ycsb-" + name},
		{"operationcount", "2000"},
		{"threadcount", "4"},
		{"fieldcount", "4"},
		{"fieldlength", "50"},
		{"workload", "core"},
		{"dataintegrity", "true"},
		{"silence", "true"},
		{"measurement.interval", "3600"},
	} {
		p.MustSet(pair[0], pair[1])
	}
	for key, value := range shares {
		p.MustSet(key, value)
	}
	measurement.InitMeasure(p)
	inner, err := ycsb.GetDBCreator("redis").Create(p)
	if err != nil {
		return err
	}
	defer func() { _ = inner.Close() }() // it only reads answers
	db := &judged{DB: inner}
	for _, phase := range []struct{ transactions, records string }{
		{"false", "501"}, // go-ycsb draws from the keys 0 to recordcount, both inclusive
		{"true", "500"},
	} {
		p.MustSet("dotransactions", phase.transactions)
		p.MustSet("recordcount", phase.records)
		workload, err := ycsb.GetWorkloadCreator("core").Create(p)
		if err != nil {
			return err
		}
		client.NewClient(p, workload, client.DbWrapper{DB: db}).Run(context.Background())
	}
	fmt.Printf("%s: %d reads, %d writes, %d failed\n", name, db.reads.Load(), db.writes.Load(), db.failed.Load())
	if db.failed.Load() > 0 || db.reads.Load() == 0 || db.writes.Load() < 500 {
		return fmt.Errorf("%d operations failed, the last: %v", db.failed.Load(), db.last.Load())
	}
	return nil
}

// judged counts the operations of a DB and their failures.
type judged struct {
	ycsb.DB
	reads, writes, failed atomic.Int64
	last                  atomic.Value
}

func (j *judged) judge(n *atomic.Int64, err error) error {
	n.Add(1)
	if err != nil {
		j.failed.Add(1)
		j.last.Store(err.Error())
	}
	return err
}

func (j *judged) Read(ctx context.Context, table, key string, fields []string) (map[string][]byte, error) {
	values, err := j.DB.Read(ctx, table, key, fields)
	if err == nil && len(values) == 0 {
		err = fmt.Errorf("%s has no fields", key)
	}
	return values, j.judge(&j.reads, err)
}

func (j *judged) Update(ctx context.Context, table, key string, values map[string][]byte) error {
	return j.judge(&j.writes, j.DB.Update(ctx, table, key, values))
}

func (j *judged) Insert(ctx context.Context, table, key string, values map[string][]byte) error {
	return j.judge(&j.writes, j.DB.Insert(ctx, table, key, values))
}
