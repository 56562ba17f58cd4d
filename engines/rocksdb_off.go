//go:build !rocksdb

package engines

// tagged are the engines that need a build tag.
var tagged []Info
