package dist

import "math/bits"

// Source is a stream of random 64-bit words: SplitMix64 (Steele, Lea, Flood, "Fast
// Splittable Pseudorandom Number Generators", OOPSLA 2014), with period 2^64. It
// replaces the PCG of math/rand/v2 because the compiler inlines it, and it costs about
// half. Its state is one word: a copy is an identical stream. It is not safe for
// concurrent use.
type Source struct{ state uint64 }

// golden is 2^64 divided by the golden ratio, SplitMix64's increment.
const golden = 0x9e3779b97f4a7c15

// NewSource returns stream number stream of a run's seed. Both numbers are mixed before
// they are added, so neighbouring seeds and neighbouring streams start at unrelated
// points of the period.
func NewSource(seed, stream uint64) Source {
	return Source{mix(mix(seed+golden) + mix(stream-golden))}
}

// Uint64 returns 64 random bits.
func (s *Source) Uint64() uint64 {
	s.state += golden
	return mix(s.state)
}

// Float64 returns a number in (0, 1], a multiple of 2^-53.
func (s *Source) Float64() float64 { return float64(s.Uint64()>>11+1) * 0x1p-53 }

// Below returns a number in [0, n), each equally likely; n must not be 0.
// Lemire, "Fast Random Integer Generation in an Interval", TOMACS 2019.
func (s *Source) Below(n uint64) uint64 {
	hi, lo := bits.Mul64(s.Uint64(), n)
	if lo < n {
		return s.belowRetry(n, hi, lo)
	}
	return hi
}

// belowRetry rejects the draws that would make small numbers more likely. The
// probability that it is called is n / 2^64.
func (s *Source) belowRetry(n, hi, lo uint64) uint64 {
	for floor := -n % n; lo < floor; {
		hi, lo = bits.Mul64(s.Uint64(), n)
	}
	return hi
}

// mix is SplitMix64's finalizer (Stafford's variant 13), a bijection of 64-bit
// words in which every input bit moves every output bit.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
