package harness

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/nearest"
	"lsmlab/harness/micro"
	"lsmlab/harness/result"
)

// fillKindPlan fills in the defaults of a plan whose contenders are no engines.
func fillKindPlan(cat Catalog, p *result.Plan) error {
	if p.MemTables && p.Kind != "" && p.Kind != result.KindMemTables {
		return wrong("kind", "is %s, and memtables is true: give one of them", p.Kind)
	}
	if p.KindName() == result.KindMemTables { // which has one form
		p.MemTables, p.Kind = true, ""
	}
	k, err := cat.Kind(p.KindName())
	if err != nil {
		return wrong("kind", "is wrong: %w", err)
	}
	if len(p.Engines) == 0 {
		p.Engines = k.ContenderNames()
	}
	if len(p.Workloads) == 0 {
		p.Workloads = k.WorkNames()
	}
	if len(p.Threads) == 0 {
		p.Threads = k.Threads
	}
	p.Durabilities = []string{kv.Volatile.String()}
	return nil
}

// leastKeySize is the bytes of the number that tells keys apart.
const leastKeySize = 8

// checkKindPlan checks contenders and works, and asks the kind for the rest.
func checkKindPlan(cat Catalog, p *result.Plan) error {
	k, err := cat.Kind(p.KindName())
	if err != nil {
		return wrong("kind", "is wrong: %w", err)
	}
	contender, work := "contender of kind "+k.Name, "work of kind "+k.Name
	if p.MemTables {
		contender, work = "MemTable", "work of a MemTable"
	}
	for _, e := range p.Engines {
		if _, ok := k.Contender(e); !ok {
			return wrong("engines", "is wrong: %w", nearest.Unknown(contender, e, k.ContenderNames()))
		}
	}
	for _, name := range p.Workloads {
		spec, err := workloadSpec(*p, name, 1, 0)
		if err != nil {
			return err
		}
		if !slices.Contains(k.WorkNames(), spec.Workload) {
			return wrong("workloads", "is wrong: %w", nearest.Unknown(work, spec.Workload, k.WorkNames()))
		}
		if k.KeySize > 0 && 0 < spec.KeySize && spec.KeySize < leastKeySize {
			return wrong("key_size", "is %d: want %d at least, so that all keys differ", spec.KeySize, leastKeySize)
		}
	}
	for field, given := range map[string]bool{
		"rate": p.Rate > 0, "steady": p.Steady > 0, "sustain": p.Sustain > 0, "sequences": len(p.Sequences) > 0, "cache_size": p.CacheSize > 0, "memtable_size": p.MemTableSize > 0,
	} {
		if given {
			return wrong(field, "is for races of engines: leave it out of a plan of kind %s", k.Name)
		}
	}
	if k.Check == nil {
		return nil
	}
	if name, err := k.Check(*p); err != nil {
		return wrong(name, "%w", err)
	}
	return nil
}

// contenderInfo describes a contender of a race as an engine.
func contenderInfo(k micro.Kind, name string) (result.EngineInfo, error) {
	c, ok := k.Contender(name)
	if !ok {
		return result.EngineInfo{}, fmt.Errorf("no contender %q of kind %s", name, k.Name)
	}
	return result.EngineInfo{
		Name: c.Name, Version: c.Version, Summary: c.About, Own: c.Own, Options: map[string]string{kv.Volatile.String(): "no engine: no durability level"},
	}, nil
}

// runKind runs a cell whose contender is no engine.
func runKind(ctx context.Context, cat Catalog, spec *CellSpec, progress progressFunc) (result.Cell, error) {
	k, err := cat.Kind(spec.Kind)
	if err != nil {
		return result.Cell{}, err
	}
	if _, err := contenderInfo(k, spec.Engine); err != nil {
		return result.Cell{}, err
	}
	cell := spec.blank(spec.Stage)
	job := k.Complete(micro.Job{
		Contender: strings.TrimSuffix(spec.Engine, result.Again), Work: spec.Spec.Workload, Keys: spec.Spec.Keys, KeySize: spec.Spec.KeySize, ValueSize: spec.Spec.ValueSize,
		Ops: spec.Spec.Operations, Duration: time.Duration(spec.Duration), Threads: spec.Spec.Threads, Seed: spec.Spec.Seed, Dir: spec.StoreDir,
	})
	cell.KeySize, cell.ValueSize = job.KeySize, job.ValueSize
	out, err := k.Measure(ctx, job, micro.Report(progress), &cell)
	if err != nil {
		return result.Cell{}, fmt.Errorf("%s: %w", spec.Engine, err)
	}
	cell.Status = result.StatusOK
	cell.Warnings = append(warnings(cell, out.Series, out.Disturbance), cell.Warnings...)
	return cell, writeCellFiles(spec.RunDir, &cell, out.Length, out.Hists, out.Series)
}
