package dist

import (
	"fmt"
	"strings"
)

// Generator draws key indices. It is used by one goroutine at a time.
type Generator interface {
	// Next returns an index in [0, n).
	Next() uint64
	// Resize changes n, which must not be 0. Growth by one costs O(1)
	// amortised.
	Resize(n uint64)
}

// The names that [New] knows. They are YCSB's, of its requestdistribution
// property; ZipfianOrdered is ours.
const (
	NameUniform        = "uniform"
	NameZipfian        = "zipfian"         // scrambled, as YCSB's CoreWorkload reads this name
	NameZipfianOrdered = "zipfian-ordered" // zipfian, with the hot keys next to each other
	NameLatest         = "latest"
	NameHotspot        = "hotspot"
	NameExponential    = "exponential"
	NameSequential     = "sequential"
)

// Names lists the distributions that [New] knows.
var Names = []string{
	NameUniform, NameZipfian, NameZipfianOrdered, NameLatest,
	NameHotspot, NameExponential, NameSequential,
}

// YCSBTheta is the skew that YCSB gives its zipfian and latest distributions.
const YCSBTheta = 0.99

// New returns the distribution called name over [0, n), with YCSB's default
// parameters. theta is the skew of the zipfian ones and of latest; 0 means
// [YCSBTheta].
func New(name string, n uint64, theta float64, src Source) (Generator, error) {
	if n == 0 {
		return nil, fmt.Errorf("distribution %q over 0 keys: want at least 1", name)
	}
	if theta == 0 {
		theta = YCSBTheta
	}
	switch name {
	case NameUniform:
		return newUniform(n, src), nil
	case NameZipfian:
		return newScrambled(n, theta, src), nil
	case NameZipfianOrdered:
		return newZipfian(n, theta, src), nil
	case NameLatest:
		return newLatest(n, theta, src), nil
	case NameHotspot:
		return newHotspot(n, ycsbHotSet, ycsbHotOps, src), nil
	case NameExponential:
		return newExponential(n, ycsbExpPercentile, ycsbExpFraction, src), nil
	case NameSequential:
		return NewSequential(n, 0), nil
	}
	return nil, fmt.Errorf("unknown distribution %q: want one of %s", name, strings.Join(Names, ", "))
}

// Skewed says whether theta changes the distribution called name.
func Skewed(name string) bool {
	return name == NameZipfian || name == NameZipfianOrdered || name == NameLatest
}
