package memrace

import "lsmlab/engines/lsm/memtable/variants"

// Own returns the MemTable variants of the core.
func Own() (tables []Table) {
	for _, v := range variants.All() {
		tables = append(tables, fromMemTable(v.Name, v.About, v.New))
	}
	return tables
}
