// Package goycsb holds the generators of [lsmlab/workloads/dist] against those of
// go-ycsb, which were written by others, by the two-sample Kolmogorov-Smirnov test. It is
// a module of its own, because go-ycsb requires the clients of twenty databases.
package goycsb
