//go:build !amd64

package bptree

import "unsafe"

func prefetch(*unsafe.Pointer, int) {}
