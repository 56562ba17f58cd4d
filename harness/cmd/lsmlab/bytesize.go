package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// byteSize is a flag of bytes: 1048576, 64KiB, 64MiB, 2GiB, with K, M, G for short.
type byteSize int64

var sizeUnits = []struct {
	suffix string
	shift  uint
}{{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"K", 10}, {"M", 20}, {"G", 30}, {"B", 0}}

// Set implements pflag.Value.
func (b *byteSize) Set(s string) error {
	number, shift := s, uint(0)
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(s, u.suffix); ok {
			number, shift = rest, u.shift
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n > math.MaxInt64>>shift {
		return fmt.Errorf("%q is no size: want bytes, or a number with KiB, MiB or GiB", s)
	}
	*b = byteSize(n << shift)
	return nil
}

// String implements pflag.Value, in the largest unit that has no remainder.
func (b *byteSize) String() string {
	for _, u := range slices.Backward(sizeUnits[:3]) {
		if *b != 0 && *b%(1<<u.shift) == 0 {
			return strconv.FormatInt(int64(*b>>u.shift), 10) + u.suffix
		}
	}
	return strconv.FormatInt(int64(*b), 10)
}

// Type implements pflag.Value.
func (b *byteSize) Type() string { return "size" }
