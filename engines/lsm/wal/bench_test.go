package wal

import (
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

func benchWriter(b *testing.B, o Options) *Writer {
	o.FS, o.Dir = vfs.OS, b.TempDir()
	r, err := Recover(o, 0, nil)
	if err != nil {
		b.Fatal(err)
	}
	w, err := NewWriter(o, r)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := w.Close(); err != nil {
			b.Error(err)
		}
	})
	return w
}

func BenchmarkBuffered(b *testing.B) {
	ops := make([]byte, 140)
	for _, m := range []WriteMethod{Positioned, Mapped} {
		b.Run(m.String(), func(b *testing.B) {
			w := benchWriter(b, Options{Write: m})
			b.ReportAllocs()
			b.SetBytes(140)
			seq := ikey.Seq(0)
			for b.Loop() {
				seq++
				if w.Append(seq, 1, ops) != nil || w.Commit(seq, kv.Buffered) != nil {
					b.Fatal("broken")
				}
				if seq%100000 == 0 {
					w.Obsolete(seq)
				}
			}
		})
	}
}
