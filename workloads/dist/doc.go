// Package dist draws key indices in [0, n) from the distributions that
// key-value benchmarks use.
//
// Every [Generator] is seeded through its own [Source], so the same (seed,
// stream) pair gives the same indices on every machine. A generator belongs to
// one goroutine: it holds no lock, shares nothing with another generator, and
// Next allocates nothing. Resize follows a growing key set (YCSB D and E) and
// is cheap enough to be called before every Next.
//
// The shapes are those of YCSB (Cooper et al., "Benchmarking Cloud Serving
// Systems with YCSB", SoCC 2010; site.ycsb.generator in its source). The
// methods are not always: [Zipfian] says where and why.
package dist
