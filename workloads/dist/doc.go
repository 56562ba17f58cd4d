// Package dist draws key indices in [0, n) from the distributions that key-value
// benchmarks use.
//
// Every [Generator] has its own [Source], so the same seed and stream give the same
// indices on every machine. A generator belongs to one goroutine: it has no lock and
// shares nothing with other generators. Next allocates nothing. Resize follows a
// growing key set (YCSB D and E), and is cheap enough to be called before every Next.
//
// The shapes are those of YCSB (Cooper et al., "Benchmarking Cloud Serving Systems with
// YCSB", SoCC 2010; site.ycsb.generator in its source). The methods may differ:
// zipfian says where and why. Package goycsb, a module of its own, holds the distributions
// against those of go-ycsb.
package dist
