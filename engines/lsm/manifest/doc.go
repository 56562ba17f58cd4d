// Package manifest holds which tables make up the store, and the log that makes
// each change of that set durable and atomic.
package manifest
