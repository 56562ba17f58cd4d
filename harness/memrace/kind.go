package memrace

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"lsmlab/harness/micro"
	"lsmlab/harness/result"
)

// Kind returns tables as contenders of the kind "memtables".
func Kind(tables []Table) micro.Kind {
	k := micro.Kind{
		Name: result.KindMemTables, About: "bare in-memory ordered tables: insert, get, ordered walk, mixed",
		Works: works, Threads: []int{1}, KeySize: 16, ValueSize: 100, Check: checkPlan,
	}
	if n := 2 * runtime.NumCPU(); n > 1 {
		k.Threads = append(k.Threads, n)
	}
	for _, t := range tables {
		k.Contenders = append(k.Contenders, micro.Contender{Name: t.Name, About: t.About, Own: t.Own, Module: t.Module})
	}
	k.Measure = func(ctx context.Context, j micro.Job, report micro.Report, c *result.Cell) (micro.Outcome, error) {
		i := slices.IndexFunc(tables, func(t Table) bool { return t.Name == j.Contender })
		return measureTable(ctx, tables[i], j, report, c)
	}
	return k
}

// checkPlan refuses what a race of whole tables has no use for.
func checkPlan(p result.Plan) (field string, err error) {
	if p.Duration > 0 || p.Ops > 0 {
		return "memtables", errors.New("races whole tables: leave out rate, duration and ops, give keys")
	}
	if p.Keys >= 1<<32 {
		return "keys", fmt.Errorf("is %d: want at most %d in a race of MemTables", p.Keys, int64(1<<32-1))
	}
	return "", nil
}
