package lsm

import (
	"bytes"
	"errors"
	"slices"
	"sync"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/compaction"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/manifest"
	"lsmlab/engines/vfs"
)

// compact merges the inputs of a plan into its output level and makes the
// result durable and visible.
func (db *DB) compact(plan *compaction.Plan) error {
	edit := &manifest.Edit{}
	for _, in := range plan.Inputs {
		edit.Removed = append(edit.Removed, manifest.TableRef{Level: in.Level, ID: in.Table.ID})
	}
	var tables []*table
	switch {
	case plan.Drop:
		db.work.noteDropped(newestSeq(plan))
		edit.Past.Floor = newestSeq(plan)
		raise(&db.history.floor, edit.Past.Floor)
	case plan.Move && !db.writtenOtherwise(plan):
		edit.Added = []manifest.LevelTable{{Level: plan.OutputLevel, Table: plan.Inputs[0].Table}}
	default:
		var err error
		if tables, err = db.merge(plan, edit); err != nil {
			return vfs.MarkExhausted(errors.Join(err, db.discardTables(tables)))
		}
		if rewrittenForNothing(plan, tables) {
			tables[0].forgetHidden()
		}
		db.counters.compactionRead.Add(plan.Bytes())
		for _, t := range tables {
			edit.Added = append(edit.Added, manifest.LevelTable{Level: plan.OutputLevel, Table: t.Table})
			db.counters.compactionWritten.Add(t.Size)
		}
	}
	if err := db.install(edit, tables, nil); err != nil {
		return db.notInstalled(err, tables)
	}
	db.counters.compactions.Add(1)
	return nil
}

// rewrittenForNothing says whether tables are a table that was written again with all its
// versions, and that says the same of them as before. Where it says another thing, such as
// that a reader holds what was out of the window, that is true until the reader ends.
func rewrittenForNothing(plan *compaction.Plan, tables []*table) bool {
	if !plan.Rewrite || len(tables) != 1 {
		return false
	}
	before, after := plan.Inputs[0].Table, tables[0].Table
	return after.Entries == before.Entries && after.Hidden == before.Hidden
}

// writtenOtherwise says whether tables of the output level are written in another way
// than the input is, so that a table does not move there as it is.
func (db *DB) writtenOtherwise(plan *compaction.Plan) bool {
	return db.opts.writerOptions(plan.Inputs[0].Level) != db.opts.writerOptions(plan.OutputLevel)
}

// merge writes the merged inputs, partition by partition at once, and returns
// the new tables in key order, also with an error. It notes their floor in edit.
func (db *DB) merge(plan *compaction.Plan, edit *manifest.Edit) ([]*table, error) {
	s, ok := db.acquire() // keeps the inputs open
	if !ok {
		return nil, kv.ErrClosed
	}
	defer s.release()
	bounds := plan.Partition(db.parts(), db.opts.TableSize)
	results := make([][]*table, len(bounds)-1)
	floors := make([]ikey.Seq, len(bounds)-1)
	errs := make([]error, len(bounds)-1)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() {
			results[i], floors[i], errs[i] = db.mergeRange(plan, s.readState, bounds[i], bounds[i+1])
		})
	}
	wg.Wait()
	edit.Past.Floor = slices.Max(floors)
	var err error
	for _, e := range errs {
		if e != nil && (err == nil || errors.Is(err, kv.ErrClosed)) {
			err = e
		}
	}
	return slices.Concat(results...), err
}

// mergeRange merges what the inputs hold in [lower, upper), and returns the tables and their
// floor.
func (db *DB) mergeRange(plan *compaction.Plan, s *readState, lower, upper []byte) ([]*table, ikey.Seq, error) {
	var merge mergeIter
	merge.init(inputRuns(plan, s))
	newest, ranges := newestSeq(plan), s.version.Ranges
	if ranges != nil {
		newest = max(newest, s.version.FlushedSeq)
	}
	out := db.newOutput(plan.OutputLevel, newest, plan.TableSize, func(user []byte) bool { return bottomFor(s, plan.OutputLevel, user) })
	if ranges != nil {
		out.retain.ranges, out.retain.rangesUpTo = ranges, s.version.FlushedSeq
	}
	if out.cuts = plan.Cuts; !db.serial() {
		out.pause = db.giveWay
	}
	tables, err := out.write(&merge, lower, upper)
	return tables, out.retain.floor, joinClose(err, &merge)
}

// inputRuns returns a walk for each sorted run of the inputs.
func inputRuns(plan *compaction.Plan, s *readState) []ikey.Iterator {
	taken := map[uint64]bool{}
	for _, in := range plan.Inputs {
		taken[in.Table.ID] = true
	}
	var walks []ikey.Iterator
	for _, run := range s.runs {
		var inputs []*table
		for _, t := range run {
			if taken[t.ID] {
				inputs = append(inputs, t)
			}
		}
		if len(inputs) > 0 {
			walks = append(walks, &levelIter{tables: inputs, once: true})
		}
	}
	return walks
}

// bottomFor says whether no table below the output level, nor one of L0 if that is
// it, may hold user. The state may be older than the newest: what holds an older
// version of a key of the inputs is an input itself, and busy, or lies below, and
// below it stays.
func bottomFor(s *readState, output int, user []byte) bool {
	if output == 0 {
		return false
	}
	for _, level := range s.levels[output+1:] {
		i := searchTables(level, user)
		if i < len(level) && bytes.Compare(level[i].Smallest, user) <= 0 {
			return false
		}
	}
	return true
}

func newestSeq(plan *compaction.Plan) (newest ikey.Seq) {
	for _, in := range plan.Inputs {
		newest = max(newest, in.Table.MaxSeq)
	}
	return newest
}

// Compact implements [kv.Compacter]: it flushes, merges all tables into L6, and
// gives back to the disk what is not needed then. Automatic compactions wait
// meanwhile.
func (db *DB) Compact() error {
	db.work.manual.Lock()
	defer db.work.manual.Unlock()
	// Before the pause: a writer may hold the commit lock until L0 is lower.
	if err := db.Flush(); err != nil {
		return err
	}
	if err := db.pauseCompactions(); err != nil {
		return err
	}
	defer db.resumeCompactions()
	s := db.state.Load()
	plan, ok := s.layout.PlanAll(len(s.hidden) > 0 || s.version.Ranges != nil)
	if !ok {
		return db.giveBack()
	}
	err := db.compact(&plan)
	if db.refused(err) { // the reserve is free now
		err = db.compact(&plan)
	}
	if err == nil {
		err = db.giveBack()
	}
	if err != nil && !errors.Is(err, kv.ErrClosed) && !errors.Is(err, kv.ErrExhausted) {
		return db.fail(err)
	}
	return err
}
