package axes

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
)

// Spellings of one choice lead to one canonical name, which leads to itself.
func TestCanonicalNames(t *testing.T) {
	for given, want := range map[string]string{
		"pread":                        "+pread",
		"read=pread":                   "+pread",
		"mmap":                         "",
		"compression=none+read=mmap":   "",
		"odsync+zstd+pread":            "+pread+zstd+odsync",
		"block=65536":                  "+block=64K",
		"block=64KiB+memtable=1G":      "+block=64K+memtable=1G",
		"bloom=none":                   "+bloom=none",
		"bloom=10":                     "",
		"bloom=7":                      "+bloom=7",
		"sync=none":                    "+sync=none",
		"block=auto":                   "",
		"keep=1G+fifo":                 "+fifo+keep=1G",
		"keep=all+tiered":              "+tiered",
		"gc=refs":                      "",
		"refs":                         "",
		"gc=window:1s+pread":           "+pread+gc=window:1s",
		"gc=window:60s":                "+gc=window:1m",
		"gc=window:3600000ms":          "+gc=window:1h",
		"gc=window:90s":                "+gc=window:1m30s",
		"gc=mixed:5000ms":              "+gc=mixed:5s",
		"ticker=off":                   "",
		"ticker=30000ms+zstd":          "+zstd+ticker=30s",
		"zstd-deep+written+block=1000": "+zstd-deep+written+block=1000",
	} {
		c, err := Parse(given)
		if err != nil || c.String() != want {
			t.Errorf("%s: %q, %v, want %q", given, c, err, want)
			continue
		}
		if want != "" {
			if again, err := Parse(want[1:]); err != nil || again.String() != want {
				t.Errorf("%s again: %q, %v", want, again, err)
			}
		}
	}
}

// What is wrong is refused with the nearest name, or what is valid.
func TestWrongOptions(t *testing.T) {
	for given, want := range map[string]string{
		"":                   "unknown option",
		"prad":               "did you mean pread?",
		"blom=3":             "did you mean bloom?",
		"read=mmpa":          "did you mean mmap?",
		"read":               "option read needs a value: read=mmap, pread",
		"none":               "say which of compression=none, sync=none, bloom=none",
		"bloom=0":            "known: none, 1 to 100",
		"bloom=101":          "known: none, 1 to 100",
		"bloom=":             "known: none, 1 to 100",
		"block=2M":           "known: auto, 512 to 1M",
		"block=-4K":          "known: auto, 512 to 1M",
		"64K":                "unknown option",
		"pread+mmap":         "option read is given twice: pread and mmap",
		"odsync+wal=mapped":  "do not go together: O_DSYNC",
		"pread+":             "unknown option",
		"bloom=4+pread+zsdt": "did you mean zstd?",
		"wal=odsync":         "known: auto, mapped, written",
		"keep=1G":            "option keep=1G makes sense with fifo alone",
		"tiered+keep=1G":     "makes sense with fifo alone",
		"tiered+fifo":        "option compaction is given twice: tiered and fifo",
		"gc=window":          "known: refs, window:1µs to 720h, mixed:1µs to 720h",
		"gc=5s":              "known: refs, window:1µs to 720h, mixed:1µs to 720h",
		"gc=window:721h":     "known: refs, window:1µs to 720h, mixed:1µs to 720h",
		"gc=mixed:0s":        "known: refs, window:1µs to 720h, mixed:1µs to 720h",
		"gc=mixed":           "known: refs, window:1µs to 720h, mixed:1µs to 720h",
		"window:1s":          "unknown option",
		"ticker=0s":          "known: off, 1ms to 1h",
		"memtable=16777215T": "known: auto, 64K to 1G",
	} {
		if c, err := Parse(given); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, %v, want %q", given, c, err, want)
		}
	}
}

// Every value but the default changes what env.json shows of an engine, so that no two
// engines with different options look alike there. A value that changes what is shown
// only of synced writes changes that.
func TestEveryValueShows(t *testing.T) {
	shown := func(option string) string {
		o := lsm.Options{}
		if option != "" {
			c, err := Parse(option)
			if err != nil {
				t.Fatal(err)
			}
			c.Apply(&o, false)
		}
		var b strings.Builder
		settings := Settings(o)
		for _, name := range slices.Sorted(maps.Keys(settings)) {
			fmt.Fprintf(&b, "%s: %s\n", name, settings[name])
		}
		return fmt.Sprintf("%sbuffered: %s\nsynced: %s", b.String(), Path(o, kv.Buffered), Path(o, kv.Synced))
	}
	for _, a := range table {
		seen := map[string]string{shown(""): "the default"}
		for _, v := range a.Values[1:] {
			if a.Name == "wal" && v.Name == "written" {
				continue // what auto is at the level of these options
			}
			s := shown(a.Option(v))
			if other, ok := seen[s]; ok {
				t.Errorf("describe.go shows %s=%s and %s alike:\n%s", a.Name, v.Name, other, s)
			}
			seen[s] = v.Name
		}
	}
}

// A MemTable stays small in a store of small sizes, in proportion to what was chosen.
func TestSmallMemTable(t *testing.T) {
	c, err := Parse("memtable=128M")
	if err != nil {
		t.Fatal(err)
	}
	o := lsm.Options{}.Small()
	want := 2 * o.MemTableSize
	if c.Apply(&o, true); o.MemTableSize != want {
		t.Errorf("%d bytes, want %d", o.MemTableSize, want)
	}
}

// Each two values stand together in some row, and no row has what excludes itself.
func TestCover(t *testing.T) {
	const bases = 3
	for name, wanted := range map[string]func(Value) bool{
		"all":    func(Value) bool { return true },
		"synced": func(v Value) bool { return v.Gives(kv.Synced) },
	} {
		t.Run(name, func(t *testing.T) {
			rows := Cover(bases, wanted)
			together := map[[2]string]bool{}
			for _, r := range rows {
				values := []string{string(rune('0' + r.Base))}
				for i := range table {
					v := table[i].Default()
					for _, p := range r.picks {
						if p.axis == i {
							v = p.value
						}
					}
					if !wanted(v) {
						t.Errorf("%s has %s", r, v.Name)
					}
					values = append(values, table[i].Name+"="+v.Name)
				}
				for _, a := range values {
					for _, b := range values {
						together[[2]string{a, b}] = true
					}
				}
				if o := r.String(); o != "" {
					if again, err := Parse(o[1:]); err != nil || again.String() != o {
						t.Errorf("row %s: read again as %q, %v", o, again, err)
					}
				}
			}
			pairs := 0
			for i := range table {
				for _, v := range table[i].Values {
					if !wanted(v) {
						continue
					}
					one := table[i].Name + "=" + v.Name
					for base := range bases {
						pairs++
						if !together[[2]string{string(rune('0' + base)), one}] {
							t.Errorf("%s is never with MemTable %d", one, base)
						}
					}
					for j := i + 1; j < len(table); j++ {
						for _, w := range table[j].Values {
							other := table[j].Name + "=" + w.Name
							excluded := one == "sync=odsync" && other == "wal=mapped"
							if !wanted(w) {
								continue
							}
							pairs++
							if together[[2]string{one, other}] == excluded {
								t.Errorf("%s and %s: together %v", one, other, !excluded)
							}
						}
					}
				}
			}
			t.Logf("%d pairs in %d rows", pairs, len(rows))
			if len(rows) > 24 {
				t.Errorf("%d rows are no small set", len(rows))
			}
		})
	}
}
