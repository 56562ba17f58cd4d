package arena

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"testing"

	"lsmlab/engines/testseed"
)

// TestArena has goroutines allocate at once, half of them by spans, fill what they
// got with a byte of their own, and checks at the end that nobody's memory was given
// out twice or moved: an overlap would show as a foreign byte.
func TestArena(t *testing.T) {
	held, seed := Held(), testseed.New(t)
	a := New()
	type piece struct {
		ref  Ref
		size int
		fill byte
	}
	pieces := make([][]piece, 8)
	var wg sync.WaitGroup
	for g := range pieces {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(g)))
			alloc, span := a.Alloc, a.Span()
			if g%2 == 1 {
				alloc = func(size int) Ref { return span.Alloc(size, rng.IntN(2*spanSize)) }
			}
			for i := range 3000 {
				if rng.IntN(20) == 0 {
					span.Close()
				}
				size := 1 + rng.IntN(2000)
				if i%500 == 0 {
					size = chunkSize/2 + rng.IntN(2*chunkSize)
				}
				p := piece{alloc(size), size, byte(g + 1)}
				b := a.Bytes(p.ref, size)
				for i := range b {
					b[i] = p.fill
				}
				pieces[g] = append(pieces[g], p)
			}
		})
	}
	wg.Wait()
	var total int64
	for _, ps := range pieces {
		for _, p := range ps {
			total += int64(p.size)
			want := bytes.Repeat([]byte{p.fill}, p.size)
			if got := a.Bytes(p.ref, p.size); p.ref == 0 || !bytes.Equal(got, want) {
				t.Fatalf("ref %d, size %d: memory given out twice", p.ref, p.size)
			}
			if uintptr(a.Pointer(p.ref))%Align != 0 {
				t.Fatalf("ref %d is not aligned", p.ref)
			}
		}
	}
	if size := a.Size(); size < total || size > Held()-held {
		t.Errorf("Size() = %d, want between %d given out and %d held", size, total, Held()-held)
	}
	a.Release()
	if Held() != held {
		t.Errorf("%d bytes held after Release, want %d", Held(), held)
	}
}

// TestSpansTogether: of two spans in turn neither can give anything back, and
// still little is lost.
func TestSpansTogether(t *testing.T) {
	for _, size := range []int{32, 128, 200, 1056, 2000, 4128, 9000} {
		a := New()
		const pieces = 100
		spans := [2]Span{a.Span(), a.Span()}
		for left := pieces - 1; left >= 0; left-- {
			for i := range spans {
				spans[i].Alloc(size, left*(size-9))
			}
		}
		spans[0].Close()
		spans[1].Close()
		if asked := int64(2 * pieces * size); a.Size() > asked+asked/20+spanSize {
			t.Errorf("pieces of %d bytes: %d taken for %d", size, a.Size(), asked)
		}
		a.Release()
	}
}

func TestExactlyFullChunk(t *testing.T) {
	a := New()
	defer a.Release()
	first := a.Alloc(chunkSize - Align)
	if got, want := a.Size(), int64(chunkSize); got != want {
		t.Errorf("Size() = %d after filling the chunk, want %d", got, want)
	}
	second := a.Alloc(1)
	if first == second || second>>chunkBits != 1 {
		t.Errorf("second allocation at %#x, want the second chunk", second)
	}
}

func TestReleaseTwicePanics(t *testing.T) {
	a := New()
	a.Alloc(1)
	a.Release()
	defer func() {
		if recover() == nil {
			t.Error("second Release did not panic")
		}
	}()
	a.Release()
}

func BenchmarkAlloc(b *testing.B) {
	a := New()
	for i := 0; b.Loop(); i++ {
		a.Alloc(144)
		if i%(1<<18) == 1<<18-1 {
			a.Release()
			a = New()
		}
	}
	a.Release()
}
