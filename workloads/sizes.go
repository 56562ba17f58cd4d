package workloads

import (
	"errors"
	"fmt"
	"math"

	"lsmlab/engines/kv"
	"lsmlab/engines/nearest"
	"lsmlab/workloads/dist"
)

// The distributions of [Sizes].
const (
	SizesConstant = "constant" // Max
	SizesUniform  = "uniform"  // from Min to Max
	SizesPareto   = "pareto"   // generalized Pareto of K, Sigma and Theta, limited to Min to Max
)

var sizeNames = []string{SizesConstant, SizesUniform, SizesPareto}

// Sizes is a distribution of sizes: of values in bytes, or of scans in entries.
//
// The generalized Pareto distribution has the density (1/Sigma) (1 + K (x-Theta) /
// Sigma)^(-1-1/K). It fits sizes of values and lengths of scans of production stores (Cao
// et al., "Characterizing, Modeling, and Benchmarking RocksDB Key-Value Workloads at
// Facebook", FAST 2020). As in db_bench, a draw above Max is taken modulo Max.
type Sizes struct {
	Distribution string  `json:"distribution"`
	Min          int     `json:"min,omitempty"`
	Max          int     `json:"max"`
	K            float64 `json:"k,omitempty"` // 0 is the exponential distribution
	Sigma        float64 `json:"sigma,omitempty"`
	Theta        float64 `json:"theta,omitempty"`
}

// check says what is wrong with sizes of values.
func (z *Sizes) check() error {
	switch z.Distribution {
	case SizesConstant, SizesUniform:
		if z.K != 0 || z.Sigma != 0 || z.Theta != 0 {
			return fmt.Errorf("has k, sigma or theta: these are of %s, not of %s", SizesPareto, z.Distribution)
		}
	case SizesPareto:
		if !(z.Sigma > 0 && z.Sigma < 1e9) || !(math.Abs(z.K) < 100) || !(z.Theta >= 0 && z.Theta < 1e9) {
			return fmt.Errorf("has k %v, sigma %v, theta %v: want k between -100 and 100, sigma above 0, theta from 0, the last two below 1e9", z.K, z.Sigma, z.Theta)
		}
	default:
		return fmt.Errorf("is wrong: %w", nearest.Unknown("distribution of sizes", z.Distribution, sizeNames))
	}
	if z.Min < 0 || z.Max < max(z.Min, 1) || z.Max > kv.MaxValueSize {
		return fmt.Errorf("has min %d and max %d: want 0 <= min <= max, max 1 to %d", z.Min, z.Max, kv.MaxValueSize)
	}
	if z.Distribution == SizesConstant && z.Min != 0 {
		return errors.New("has a min: a constant size is its max, leave min out")
	}
	return nil
}

// draw returns a size.
func (z *Sizes) draw(src *dist.Source) int {
	switch z.Distribution {
	case SizesUniform:
		return z.Min + int(src.Below(uint64(z.Max-z.Min+1)))
	case SizesPareto:
		return z.limit(z.quantile(src.Float64()))
	}
	return z.Max
}

// quantile is the inverse of the distribution function of the Pareto distribution, at
// 1-u for a u in (0, 1].
func (z *Sizes) quantile(u float64) float64 {
	if z.K == 0 {
		return z.Theta - z.Sigma*math.Log(u)
	}
	return z.Theta + z.Sigma*(math.Pow(u, -z.K)-1)/z.K
}

// limit turns a draw of the Pareto distribution into a size.
func (z *Sizes) limit(x float64) int {
	if x > float64(z.Max) {
		x = math.Mod(x, float64(z.Max))
	}
	return max(z.Min, int(x))
}

// least returns the smallest size that can be drawn.
func (z *Sizes) least() int {
	if z.Distribution == SizesConstant {
		return z.Max
	}
	return z.Min
}

// mean returns the mean size, rounded up. Of the Pareto distribution it is the mean of
// quantiles at equal distances, which needs no integral over the limits.
func (z *Sizes) mean() int {
	switch z.Distribution {
	case SizesUniform:
		return (z.Min + z.Max + 1) / 2
	case SizesPareto:
		const points = 10_000
		sum := 0
		for i := range points {
			sum += z.limit(z.quantile((float64(i) + 0.5) / points))
		}
		return (sum + points - 1) / points
	}
	return z.Max
}
