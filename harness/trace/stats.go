package trace

import (
	"io"
	"math"
	"slices"
)

// profile is what is compared between a trace and the replay of a model.
type profile struct {
	loaded  int            // keys that were stored before all else
	stored  []int          // sizes of their values
	events  int            // after the load
	keys    int            // distinct
	mix     [kinds]float64 // share of each kind of event
	ranks   []int          // of each access: the rank of its key by popularity
	reuse   []int          // of each access to a key seen before: distinct keys since
	fresh   float64        // share of accesses to a key not seen before
	sizes   []int          // of values that are set
	lengths []int          // of scans
	gaps    []int          // ns between calls
	keySize int            // mean, bytes
}

// access is what a profile keeps of an event.
type access struct {
	kind Kind
	key  uint64 // its number, in the order of first accesses
}

// profiler makes a profile. Memory is about 60 bytes an event.
type profiler struct {
	numbers  map[string]uint64
	accesses []access
	p        profile
	keyBytes int
	last     int64
	inBatch  bool
	loading  bool // so far every event stored a new key
}

func newProfiler() *profiler { return &profiler{numbers: map[string]uint64{}} }

// endLoad makes a load of what was added: it is no part of the work.
func (p *profiler) endLoad() {
	p.loading = false
	p.p.loaded, p.p.stored = len(p.accesses), p.p.sizes
	p.accesses, p.keyBytes = nil, 0
	p.p.mix, p.p.sizes, p.p.gaps = [kinds]float64{}, nil, nil
}

func (p *profiler) add(e *Event) {
	number, ok := p.numbers[string(e.Key)]
	if p.loading && (ok || e.Kind != Set) {
		p.endLoad()
	}
	if !ok {
		number = uint64(len(p.numbers))
		p.numbers[string(e.Key)] = number
	}
	p.accesses = append(p.accesses, access{e.Kind, number})
	p.keyBytes += len(e.Key)
	p.p.mix[e.Kind]++
	switch e.Kind {
	case Set:
		p.p.sizes = append(p.p.sizes, e.Size)
	case Scan:
		p.p.lengths = append(p.p.lengths, e.Entries)
	}
	if n := len(p.accesses); n > 1 && !p.inBatch {
		p.p.gaps = append(p.p.gaps, int(int64(e.At)-p.last))
	}
	p.inBatch, p.last = e.More, int64(e.At)
}

// profile finishes.
func (p *profiler) profile() *profile {
	n := len(p.accesses)
	p.p.events, p.p.keys = n, len(p.numbers)
	slices.Sort(p.p.stored)
	if n == 0 {
		return &p.p
	}
	for i := range p.p.mix {
		p.p.mix[i] /= float64(n)
	}
	p.p.keySize = (p.keyBytes + n - 1) / n
	p.p.ranks = ranksOf(p.accesses, len(p.numbers))
	p.p.reuse = reuseOf(p.accesses)
	p.p.fresh = float64(n-len(p.p.reuse)) / float64(n)
	for _, s := range [][]int{p.p.ranks, p.p.reuse, p.p.sizes, p.p.lengths, p.p.gaps} {
		slices.Sort(s)
	}
	return &p.p
}

// ranksOf returns, of each access, the rank of its key, 0 being the most popular.
func ranksOf(all []access, keys int) []int {
	counts := make([]int, keys)
	for _, a := range all {
		counts[a.key]++
	}
	order := make([]int, keys)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return counts[b] - counts[a] })
	ranks := make([]int, 0, len(all)) // keys that were loaded and never met come last, with no access
	for rank, key := range order {
		for range counts[key] {
			ranks = append(ranks, rank)
		}
	}
	return ranks
}

// reuseOf returns, of each access to a key seen before, how many other keys were seen
// since: the reuse distance, which decides what a cache of a size holds (Mattson et al.,
// "Evaluation techniques for storage hierarchies", IBM Systems Journal 9(2), 1970). A
// Fenwick tree marks the last access of each key (Bennett and Kruskal, "LRU stack
// processing", IBM J. Res. Dev. 19(4), 1975).
func reuseOf(all []access) (distances []int) {
	tree := make([]int32, len(all)+1)
	move := func(i int, by int32) {
		for i++; i < len(tree); i += i & -i {
			tree[i] += by
		}
	}
	before := func(i int) (sum int) { // marks at places below i
		for ; i > 0; i -= i & -i {
			sum += int(tree[i])
		}
		return sum
	}
	last := map[uint64]int{}
	for i, a := range all {
		if at, ok := last[a.key]; ok {
			distances = append(distances, before(i)-before(at+1))
			move(at, -1)
		}
		move(i, 1)
		last[a.key] = i
	}
	return distances
}

// distance is the Kolmogorov-Smirnov distance of two sorted samples, which is 1 if only
// one is empty.
func distance(a, b []int) (d float64) {
	if len(a) == 0 || len(b) == 0 {
		if len(a) == len(b) {
			return 0
		}
		return 1
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		v := min(a[i], b[j])
		for i < len(a) && a[i] == v {
			i++
		}
		for j < len(b) && b[j] == v {
			j++
		}
		d = max(d, math.Abs(float64(i)/float64(len(a))-float64(j)/float64(len(b))))
	}
	return d
}

// profileOf reads a whole trace, at most limit events of it. Writes of new keys at its
// beginning are a load, unless there is nothing else.
func profileOf(r *Reader, limit int) (*profile, error) {
	p := newProfiler()
	p.loading = true
	for e := (Event{}); len(p.accesses) < limit; {
		err := r.Next(&e)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		p.add(&e)
	}
	return p.profile(), nil
}
