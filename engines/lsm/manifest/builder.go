package manifest

import "fmt"

// builder applies many edits one after the other at the cost of each edit, where
// [Version.Apply] costs the whole version. It refuses the same edits, but sees
// overlap only in the end.
type builder struct {
	tables map[TableRef]*Table
	result Version // its tables are set in the end
}

func newBuilder() *builder { return &builder{tables: make(map[TableRef]*Table)} }

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
	return nil
}

// version returns the version after all edits, or why it is none. The builder
// is used up.
func (b *builder) version() (*Version, error) {
	v := &b.result
	for ref, t := range b.tables {
		v.Levels[ref.Level] = append(v.Levels[ref.Level], t)
	}
	v.sort()
	if err := v.Check(); err != nil {
		return nil, err
	}
	return v, nil
}
