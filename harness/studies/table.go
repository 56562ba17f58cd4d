// Package studies holds every study of lsmlab: a folder each, with study.json and, where
// its contenders are no engines, with the package that makes them a kind.
package studies

import (
	"embed"
	"fmt"
	"path"

	"lsmlab/harness/memrace"
	"lsmlab/harness/micro"
	"lsmlab/harness/studies/breaker"
	"lsmlab/harness/studies/capacity"
	"lsmlab/harness/studies/codec"
	"lsmlab/harness/studies/environments"
	"lsmlab/harness/studies/locks"
	"lsmlab/harness/studies/mmap"
	mvccgc "lsmlab/harness/studies/mvcc-gc"
	"lsmlab/harness/studies/observability"
	"lsmlab/harness/studies/reload"
	"lsmlab/harness/studies/start"
	walsync "lsmlab/harness/studies/wal-sync"
	"lsmlab/harness/study"
)

// table is every study, by its folder, with the kinds of contenders that it brings.
var table = []struct {
	folder string
	kinds  []micro.Kind
}{
	{"memtable", []micro.Kind{memrace.Kind(append(memrace.Own(), memrace.Peers()...))}},
	{"locks", []micro.Kind{locks.Kind()}},
	{"codec", []micro.Kind{codec.Kind(), codec.Lengths()}},
	{"mmap", []micro.Kind{mmap.Kind()}},
	{"wal-sync", []micro.Kind{walsync.Kind()}},
	{"mvcc-gc", []micro.Kind{mvccgc.Kind()}},
	{"compression", nil},
	{"scheduler", nil},
	{"options", nil},
	{"observability", []micro.Kind{observability.Kind()}},
	{"environments", []micro.Kind{environments.Kind()}},
	{"capacity", []micro.Kind{capacity.Kind()}},
	{"reload", []micro.Kind{reload.Kind()}},
	{"breaker", []micro.Kind{breaker.Kind()}},
	{"start", []micro.Kind{start.Kind()}},
}

//go:embed */study.json
var files embed.FS

// All returns every study, in the order of lists and of `lsmlab study all`. Plans are those
// of the full size.
func All() (all []study.Study) {
	for _, entry := range table {
		file := path.Join(entry.folder, study.FileName)
		b, err := files.ReadFile(file)
		if err != nil {
			panic(err) // a test reads all
		}
		s, err := study.Parse(file, b)
		if err != nil {
			panic(err)
		}
		if s.Name != entry.folder {
			panic(fmt.Sprintf("%s is named %s", file, s.Name))
		}
		all = append(all, s)
	}
	return all
}

// Kinds returns the kinds of contenders that are no engines, whichever study brings them.
func Kinds() (kinds []micro.Kind) {
	for _, entry := range table {
		kinds = append(kinds, entry.kinds...)
	}
	return kinds
}
