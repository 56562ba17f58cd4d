// Package bptree is the in-memory B+ tree MemTable.
package bptree
