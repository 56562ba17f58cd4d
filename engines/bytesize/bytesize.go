// Package bytesize reads and writes numbers of bytes in the form that people use in
// flags and in the names of engines.
package bytesize

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

var units = []struct {
	suffix string
	shift  uint
}{{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"K", 10}, {"M", 20}, {"G", 30}, {"B", 0}}

// Parse reads 1048576, 64KiB, 64MiB or 2GiB. K, M and G stand for KiB, MiB and GiB.
func Parse(s string) (int64, error) {
	number, shift := s, uint(0)
	for _, u := range units {
		if rest, ok := strings.CutSuffix(s, u.suffix); ok {
			number, shift = rest, u.shift
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("%q is no size: want bytes, or a number with KiB, MiB or GiB", s)
	}
	return n << shift, nil
}

// Format writes n in the largest unit that leaves no remainder, such as 64KiB.
func Format(n int64) string {
	for _, u := range slices.Backward(units[:3]) {
		if n != 0 && n%(1<<u.shift) == 0 {
			return strconv.FormatInt(n>>u.shift, 10) + u.suffix
		}
	}
	return strconv.FormatInt(n, 10)
}
