// Package rbtree is the segmented red-black tree MemTable.
package rbtree
