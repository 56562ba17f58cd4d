package main

import "lsmlab/engines/bytesize"

// byteSize is a flag of bytes: 1048576, 64KiB, 64MiB, 2GiB, with K, M, G for short.
type byteSize int64

// Set implements pflag.Value.
func (b *byteSize) Set(s string) error {
	n, err := bytesize.Parse(s)
	*b = byteSize(n)
	return err
}

// String implements pflag.Value, in the largest unit that has no remainder.
func (b *byteSize) String() string { return bytesize.Format(int64(*b)) }

// Type implements pflag.Value.
func (b *byteSize) Type() string { return "size" }
