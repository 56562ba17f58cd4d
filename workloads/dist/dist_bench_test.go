package dist

import "testing"

var sink uint64

// BenchmarkNext is the cost of one draw through the interface, as a stream
// pays it.
func BenchmarkNext(b *testing.B) {
	for _, name := range Names {
		b.Run(name, func(b *testing.B) {
			g, err := New(name, 1_000_000, 0, NewSource(1, 0))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				sink += g.Next()
			}
		})
	}
}

// BenchmarkGrow is a draw from a distribution that grows by one each time.
func BenchmarkGrow(b *testing.B) {
	for _, name := range []string{NameLatest, NameExponential, NameUniform} {
		b.Run(name, func(b *testing.B) {
			n := uint64(1_000_000)
			g, err := New(name, n, 0, NewSource(1, 0))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				n++
				g.Resize(n)
				sink += g.Next()
			}
		})
	}
}

func BenchmarkSource(b *testing.B) {
	src := NewSource(1, 0)
	for b.Loop() {
		sink += src.Uint64()
	}
}
