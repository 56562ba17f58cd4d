package whitebox

import (
	"slices"

	"lsmlab/powerfail/isolation"
)

// reads checks that each read of a transaction returns its own writes over the state at its
// read LSN. If exact is not set, over any state that was committed up to then.
func (j *judge) reads(i int, exact bool) *isolation.Anomaly {
	t := &j.all[i]
	own := map[string][]int64{}
	for k := range t.Ops {
		o := &t.Ops[k]
		if isWrite(o) {
			own[o.Key] = append(own[o.Key], o.Value)
			continue
		}
		n := j.upTo(o.Key, t.LSNs.Read)
		from := 0
		if exact {
			from = n
		}
		right := false
		for ; from <= n && !right; from++ {
			if o.Kind == isolation.ReadList {
				right = j.isList(i, o, from, own[o.Key], exact)
			} else {
				right = j.isValue(o, from, own[o.Key])
			}
		}
		if !right {
			return broken("read", []int{i}, "T%d reads at LSN %d, and %s is not what there was then", i, t.LSNs.Read, o)
		}
	}
	return nil
}

// isValue says whether a read of a register returned the last own write, or, without one,
// version n, counted from 1; 0 is no value.
func (j *judge) isValue(o *isolation.Op, n int, own []int64) bool {
	if len(own) == 0 && n > 0 {
		own = j.keys[o.Key][n-1].values
	}
	if len(own) == 0 {
		return o.Absent
	}
	return !o.Absent && o.Value == own[len(own)-1]
}

// isList says whether a read of a list by transaction i returned the first n versions and
// then its own appends. If exact is not set, others may append before i commits; a
// list that shows another order than that of the commits is then wrong.
func (j *judge) isList(i int, o *isolation.Op, n int, own []int64, exact bool) bool {
	var want []int64
	for _, v := range j.keys[o.Key][:n] {
		want = append(want, v.values...)
	}
	if !slices.Equal(o.List, append(want, own...)) {
		return false
	}
	return exact || len(own) == 0 || j.all[i].LSNs.Commit == 0 || j.keys[o.Key][n].txn == i
}
