// Package testlog is a log that a test can read while a server writes to it.
package testlog

import (
	"bytes"
	"strings"
	"sync"
)

// Buffer is the log; the zero value is empty. It is safe for concurrent use.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements [io.Writer].
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String returns all that was written.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// Has says whether text was written.
func (b *Buffer) Has(text string) bool { return strings.Contains(b.String(), text) }
