package jump

import "github.com/cespare/xxhash/v2"

// shard returns which of n shards has a key, from 0. Part of the disk format.
func shard(key []byte, n int) int { return jump(xxhash.Sum64(key), n) }

// jump is jump consistent hashing (Lamping and Veach, "A Fast, Minimal Memory, Consistent
// Hash Algorithm", 2014): of n+1 buckets the last one gets its keys, one in n+1, in equal
// shares from the n others, and no other key moves. It takes about log n steps.
func jump(key uint64, n int) int {
	bucket, next := int64(-1), int64(0)
	for next < int64(n) {
		bucket = next
		key = key*2862933555777941757 + 1
		next = int64(float64(bucket+1) * (float64(1<<31) / float64(key>>33+1)))
	}
	return int(bucket)
}
