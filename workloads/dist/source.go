package dist

import "math/bits"

// Source is a stream of random 64-bit words: SplitMix64 (Steele, Lea, Flood,
// "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014), period 2^64.
// It was taken over math/rand/v2's PCG because it inlines and costs about half.
// It is one word of state: copy it to fork an identical stream. Not safe for
// concurrent use.
type Source struct{ state uint64 }

// golden is 2^64 divided by the golden ratio, SplitMix64's increment.
const golden = 0x9e3779b97f4a7c15

// NewSource returns stream number stream of a run's seed. Both are mixed before
// they meet, so neighbouring seeds and neighbouring streams start at unrelated
// points of the period.
func NewSource(seed, stream uint64) Source {
	return Source{Mix(Mix(seed+golden) + Mix(stream-golden))}
}

// Uint64 returns 64 random bits.
func (s *Source) Uint64() uint64 {
	s.state += golden
	return Mix(s.state)
}

// Below returns a number in [0, n), each equally likely; n must not be 0.
// Lemire, "Fast Random Integer Generation in an Interval", TOMACS 2019.
func (s *Source) Below(n uint64) uint64 {
	hi, lo := bits.Mul64(s.Uint64(), n)
	if lo < n {
		return s.belowRetry(n, hi, lo)
	}
	return hi
}

// belowRetry rejects the draws that would make small numbers likelier. It is
// reached with probability n / 2^64.
func (s *Source) belowRetry(n, hi, lo uint64) uint64 {
	for floor := -n % n; lo < floor; {
		hi, lo = bits.Mul64(s.Uint64(), n)
	}
	return hi
}

// Mix is SplitMix64's finalizer (Stafford's variant 13), a bijection of 64-bit
// words in which every input bit moves every output bit.
func Mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
