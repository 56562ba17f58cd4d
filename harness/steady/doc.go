// Package steady says whether a store under load is in the state that lasts: before the
// measured part, so that the warm-up can end (Watch), and after it, so that a reader knows
// what the figures stand for (StateOf).
//
// Both need a test that works on the few points of a short cell. Rules that cut the transient
// of a series, such as MSER (White, 1997), look at throughput alone and stop within the
// transient of a store whose debt still grows. Change-point detection, as Barrett et al.
// ("Virtual Machine Warmup Blows Hot and Cold", OOPSLA 2017) use it, needs hundreds of points.
// So physical signs come first: flushes, runs of L0 and debt. For throughput, a trend is
// estimated by ranks, with a correction for points that depend on each other (driftOf).
//
// `go test ./harness/steady -run Judged -v` shows how often these tests are wrong.
package steady
