package compaction

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/manifest"
)

// model carries out plans on keys of one byte without files: tables hold one
// version of each of their keys, as entries.
type model struct {
	t        *testing.T
	rng      *rand.Rand
	planner  Planner
	v        *manifest.Version
	contents map[uint64]map[byte]entry // by table
	newest   map[byte]entry            // what was written
	busy     map[uint64]bool
	running  []job
	cursor   [manifest.NumLevels][]byte
	nextID   uint64
	seq      ikey.Seq
	deletes  float64 // share of deletions at present
}

type entry struct {
	seq     ikey.Seq
	deleted bool
}

// job is a plan that runs, with the version at its start.
type job struct {
	plan Plan
	v    *manifest.Version
}

// TestPlansKeepKeysInOrder flushes random keys, cut as the planner says, and starts
// and ends random compactions, several at once. After each step the first version
// that a read meets, from the newest run of L0 down, must be the newest written.
// Plans that leave an older table behind in L0, miss one in the output level or
// overlap one that runs fail here.
func TestPlansKeepKeysInOrder(t *testing.T) {
	for name, planner := range map[string]Planner{
		"one level":   {L0Trigger: 4, BaseBytes: 1 << 20, SizeRatio: 10, TableSize: 10},
		"many levels": {L0Trigger: 2, BaseBytes: 10, SizeRatio: 2, TableSize: 5},
	} {
		t.Run(name, func(t *testing.T) {
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			m := &model{
				t: t, rng: rand.New(rand.NewPCG(seed, 0)), planner: planner, v: &manifest.Version{}, nextID: 1,
				contents: map[uint64]map[byte]entry{}, newest: map[byte]entry{}, busy: map[uint64]bool{},
			}
			for step := range 1500 {
				if step%100 == 0 { // the store grows and shrinks, and its levels with it
					m.deletes = m.rng.Float64()
				}
				switch m.rng.IntN(3) {
				case 0:
					m.flush()
				case 1:
					m.start()
				default:
					m.end()
				}
			}
			for m.start() || m.end() {
			}
			if d := planner.Debt(m.v); d != 0 {
				t.Errorf("no plan is left, but a debt of %d bytes", d)
			}
		})
	}
}

// flush adds tables of random keys to L0.
func (m *model) flush() {
	content := map[byte]entry{}
	from, width := m.rng.IntN(256), 1+m.rng.IntN(256)
	for range 1 + m.rng.IntN(40) {
		m.seq++
		content[byte(min(255, from+m.rng.IntN(width)))] = entry{m.seq, m.rng.Float64() < m.deletes}
	}
	maps.Copy(m.newest, content)
	cuts := m.planner.Cuts(m.v)
	m.install(&manifest.Edit{Added: m.tables(0, content, func(key byte, _ int) bool {
		cut := false
		for len(cuts) > 0 && bytes.Compare([]byte{key}, cuts[0]) >= 0 {
			cuts, cut = cuts[1:], true
		}
		return cut && m.rng.IntN(8) > 0 // a small table is not cut off
	})})
}

// tables makes tables of content, a new one where cut says so of a key and the
// number of keys in the table before it.
func (m *model) tables(level int, content map[byte]entry, cut func(key byte, n int) bool) (added []manifest.LevelTable) {
	var keys []byte
	add := func() {
		if len(keys) == 0 {
			return
		}
		t := &manifest.Table{ID: m.nextID, Size: int64(len(keys)), Smallest: keys[:1], Largest: keys[len(keys)-1:], MinSeq: ikey.MaxSeq}
		m.nextID++
		m.contents[t.ID] = map[byte]entry{}
		for _, key := range keys {
			m.contents[t.ID][key] = content[key]
			t.MinSeq, t.MaxSeq = min(t.MinSeq, content[key].seq), max(t.MaxSeq, content[key].seq)
		}
		added = append(added, manifest.LevelTable{Level: level, Table: t})
		keys = nil
	}
	for _, key := range slices.Sorted(maps.Keys(content)) {
		if cut(key, len(keys)) {
			add()
		}
		keys = append(keys, key)
	}
	add()
	return added
}

// start begins the next plan, if there is one.
func (m *model) start() bool {
	plan, ok := m.planner.Plan(m.v, func(id uint64) bool { return m.busy[id] }, &m.cursor)
	if !ok {
		return false
	}
	for _, in := range plan.Inputs {
		m.busy[in.Table.ID] = true
		m.cursor[in.Level] = append(slices.Clone(in.Table.Largest), 0)
	}
	m.running = append(m.running, job{plan, m.v})
	return true
}

// end carries out one of the plans that run, if there is one.
func (m *model) end() bool {
	if len(m.running) == 0 {
		return false
	}
	i := m.rng.IntN(len(m.running))
	j := m.running[i]
	m.running = slices.Delete(m.running, i, i+1)
	e := &manifest.Edit{}
	merged := map[byte]entry{}
	for _, in := range j.plan.Inputs {
		delete(m.busy, in.Table.ID)
		e.Removed = append(e.Removed, manifest.TableRef{Level: in.Level, ID: in.Table.ID})
		for key, version := range m.contents[in.Table.ID] {
			if version.seq > merged[key].seq {
				merged[key] = version
			}
		}
	}
	if j.plan.Move {
		e.Added = []manifest.LevelTable{{Level: j.plan.OutputLevel, Table: j.plan.Inputs[0].Table}}
	} else {
		maps.DeleteFunc(merged, func(key byte, version entry) bool { return version.deleted && j.bottom(key) })
		e.Added = m.tables(j.plan.OutputLevel, merged, func(_ byte, n int) bool { return int64(n) >= j.plan.TableSize })
	}
	m.install(e)
	return true
}

// bottom says whether no table below the output may hold key.
func (j *job) bottom(key byte) bool {
	for _, level := range j.v.Levels[j.plan.OutputLevel+1:] {
		for _, t := range level {
			if t.Overlaps([]byte{key}, []byte{key}) {
				return false
			}
		}
	}
	return true
}

func (m *model) install(e *manifest.Edit) {
	m.t.Helper()
	next, err := m.v.Apply(e)
	if err != nil {
		m.t.Fatal(err)
	}
	m.v = next
	runs := m.v.L0Runs()
	slices.Reverse(runs)
	for _, level := range m.v.Levels[1:] {
		runs = append(runs, level)
	}
	for key, want := range m.newest {
		if got, ok := m.read(runs, key); got != want && !(want.deleted && !ok) {
			m.t.Fatalf("key %d: a read finds %v (%v), want %v", key, got, ok, want)
		}
	}
}

// read returns the first version of key in runs, each of which may have one table
// over it.
func (m *model) read(runs []manifest.Run, key byte) (found entry, ok bool) {
	for _, run := range runs {
		over := 0
		for _, t := range run {
			if t.Overlaps([]byte{key}, []byte{key}) {
				over++
				if version, in := m.contents[t.ID][key]; in && !ok {
					found, ok = version, true
				}
			}
		}
		if over > 1 {
			m.t.Fatalf("%d tables of one run over key %d", over, key)
		}
	}
	return found, ok
}
