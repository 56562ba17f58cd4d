// Package mvccgc races the core's ways to collect versions (kind "mvcc-gc"): by what open
// readers need, by a window of time, and by both within a budget.
//
// Threads overwrite hot keys while readers of one kind read states of the store. What is
// judged afterwards is judged by the history of all writes alone: each answer that a reader
// got, and how few versions the store had to keep. A last round, in which every key is
// overwritten once more beside readers of the same kind, times how long the space of hidden
// versions is taken (reclaim.go).
package mvccgc

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"lsmlab/engines"
	"lsmlab/harness/micro"
	"lsmlab/harness/result"
	"lsmlab/workloads/dist"
)

// contender is an engine by the name that its options give it.
type contender struct {
	micro.Contender
	engine string
}

// contenders are engines by how they collect versions. Windows are short, so that a cell
// outlasts many of them.
var contenders = []contender{
	{micro.Contender{Name: "refs", Own: true, About: "versions that open readers need"}, "lsm-bptree"},
	{micro.Contender{Name: "window", Own: true, About: "those, and every state of the last 200 ms"}, "lsm-bptree+gc=window:200ms"},
	{micro.Contender{Name: "mixed", Own: true, About: "those, every state of the last 50 ms, but a reader whose state was replaced 500 ms ago is refused"}, "lsm-bptree+gc=mixed:50ms"},
	{micro.Contender{Name: "mixed-wide", Own: true, About: "a window of 100 ms; a reader whose state was replaced 1 s ago is refused"}, "lsm-bptree+gc=mixed:100ms"},
}

// work is what readers there are beside the writers.
type work struct {
	micro.Work
	readers int
	run     func(r *reader, stop <-chan struct{}) error // nil: the reader begins and is never heard of again
	crashed bool                                        // nobody waits for the readers any more
	past    bool                                        // readers hold nothing while they wait
}

var works = []work{
	{Work: micro.Work{Name: "none", About: "hot keys are overwritten, nobody reads"}},
	{Work: micro.Work{Name: "long", About: "the same beside one reader that reads one state to the end"}, readers: 1, run: (*reader).readOn},
	{Work: micro.Work{Name: "short", About: "the same beside 1,000 readers that read a state for 100 ms each"}, readers: 1000, run: (*reader).readAnew},
	{Work: micro.Work{Name: "crashed", About: "the same beside a reader that neither reads on nor ends"}, readers: 1, crashed: true},
	{Work: micro.Work{Name: "remembered", About: "the same beside a reader that holds nothing: it comes back after 10 ms for the state of an LSN"}, readers: 1, run: (*reader).readPast, past: true},
}

// Figures of a cell.
const (
	versionsPerKey    = "versions_per_key"    // kept when the writers end, as tables and MemTables happen to be
	versionsOverLeast = "versions_over_least" // the same over the fewest that the readers which live need
	heldPerKey        = "held_per_key"        // kept after a compaction of everything, right then
	heldOverLeast     = "held_over_least"
	tableBytesMost    = "table_bytes_most" // of tables, those that only readers hold included
	engineWriteAmp    = "engine_write_amp" // bytes written to log and tables for each byte applied
	answeredShare     = "answered_share"   // of all reads; the others met kv.ErrSnapshotTooOld
	rightShare        = "right_share"      // of the answers: what the history says
	wrongReads        = "wrong_reads"      // the other answers
	reclaimDelay      = "reclaim_ns"
)

// Kind returns the ways to collect versions as contenders of the kind "mvcc-gc". Keys of a
// job are the hot keys.
func Kind() micro.Kind {
	k := micro.Kind{
		Name: "mvcc-gc", About: "ways to collect versions that newer ones hide, beside readers", Measure: micro.Loop(prepare), KeySize: 16, ValueSize: 100,
	}
	for _, c := range contenders {
		c.About += ": " + c.engine
		k.Contenders = append(k.Contenders, c.Contender)
	}
	for _, w := range works {
		k.Works = append(k.Works, w.Work)
	}
	return k
}

const (
	memTableSize = 1 << 20 // bytes; some are filled in each window
	sampleEvery  = 1024    // writes of the first thread
)

func prepare(ctx context.Context, j micro.Job) (*micro.Task, error) {
	c := contenders[slices.IndexFunc(contenders, func(c contender) bool { return c.Name == j.Contender })]
	w := works[slices.IndexFunc(works, func(w work) bool { return w.Name == j.Work })]
	s, err := openStore(ctx, c.engine, engines.Options{MemTableSize: memTableSize}, j)
	if err != nil {
		return nil, err
	}
	readers, err := s.startReaders(w, j.Seed)
	t := &micro.Task{Close: func() error {
		err := readers.stop()
		readers.end()
		return errors.Join(err, s.close())
	}}
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	writes := make([]int, j.Threads)
	t.Thread = func(i int) (micro.Step, error) {
		keys, err := dist.New(dist.NameZipfian, uint64(j.Keys), 0, dist.NewSource(j.Seed, uint64(i)))
		return func() error {
			writes[i]++
			return s.write(uint32(keys.Next()))
		}, err
	}
	t.Between = func(i int) error {
		if i == 0 && writes[i]%sampleEvery == 0 {
			s.sample()
		}
		return nil
	}
	t.Figures = func(c *result.Cell) (err error) {
		c.Figures, err = s.figures(readers)
		return err
	}
	return t, nil
}

// figures stops the readers, judges what they read, and then times the last round.
func (s *store) figures(r *readers) (map[string]float64, error) {
	s.sample()
	amp := s.engine.Metrics().WriteAmp()
	if err := r.stop(); err != nil {
		return nil, err
	}
	kept, err := s.versions()
	if err != nil {
		return nil, fmt.Errorf("count versions: %w", err)
	}
	if err := s.engine.Compact(); err != nil {
		return nil, err
	}
	held, err := s.versions()
	if err != nil {
		return nil, fmt.Errorf("count versions: %w", err)
	}
	least := float64(s.history.least(r.pins()))
	delay, err := s.reclaim(r, reclaimLimit)
	if err != nil {
		return nil, fmt.Errorf("last round: %w", err)
	}
	figures := map[string]float64{
		versionsPerKey: kept / float64(s.keys), versionsOverLeast: kept / least, heldPerKey: held / float64(s.keys), heldOverLeast: held / least,
		tableBytesMost: float64(s.tableBytesMost), engineWriteAmp: amp, reclaimDelay: float64(delay),
	}
	answers, refused := r.answers()
	if n := float64(len(answers)); n+float64(refused) > 0 {
		wrong := float64(s.history.wrong(answers))
		figures[answeredShare], figures[wrongReads], figures[rightShare] = n/(n+float64(refused)), wrong, 1-wrong/max(n, 1)
	}
	return figures, nil
}
