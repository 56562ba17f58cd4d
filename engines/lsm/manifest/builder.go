package manifest

import "fmt"

// builder applies many edits one after the other. An edit costs only its own size,
// whereas [Version.Apply] costs the size of the whole version. It refuses the same
// edits, except that it detects overlap only at the end.
type builder struct {
	tables map[TableRef]*Table
	past   Past    // of all edits
	result Version // its tables and its past are set at the end
}

func newBuilder() *builder { return &builder{tables: make(map[TableRef]*Table)} }

// add applies one edit. It refuses removals of missing tables and additions of present
// ones.
func (b *builder) add(e *Edit) error {
	for _, r := range e.Removed {
		if b.tables[r] == nil {
			return fmt.Errorf("edit removes table %d, which is not in L%d", r.ID, r.Level)
		}
		delete(b.tables, r)
	}
	for _, a := range e.Added {
		ref := TableRef{a.Level, a.Table.ID}
		if b.tables[ref] != nil {
			return fmt.Errorf("edit adds table %d to L%d twice", ref.ID, ref.Level)
		}
		b.tables[ref] = a.Table
	}
	b.result.FlushedSeq = max(b.result.FlushedSeq, e.FlushedSeq)
	b.result.NextFileID = max(b.result.NextFileID, e.NextFileID)
	b.result.Log = b.result.Log.after(e.Log)
	b.past.Floor = max(b.past.Floor, e.Past.Floor)
	b.past.Ends = append(b.past.Ends, e.Past.Ends...)
	b.past.Marks = append(b.past.Marks, e.Past.Marks...)
	b.result.Ranges = e.rangesAfter(b.result.Ranges)
	return nil
}

// version returns the version after all edits, or the reason why it is invalid. The
// builder must not be used afterwards.
func (b *builder) version() (*Version, error) {
	v := &b.result
	v.Past = v.Past.after(&b.past)
	for ref, t := range b.tables {
		v.Levels[ref.Level] = append(v.Levels[ref.Level], t)
	}
	v.sort()
	if err := v.check(); err != nil {
		return nil, err
	}
	return v, nil
}
