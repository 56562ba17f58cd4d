module lsmlab/powerfail/netsim/raft36

go 1.26.0

require (
	go.etcd.io/raft/v3 v3.7.0
	lsmlab v0.0.0
)

require (
	github.com/anishathalye/porcupine v1.3.1 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/gogo/protobuf v1.3.2 // indirect
	github.com/golang/protobuf v1.5.4 // indirect
	github.com/klauspost/compress v1.20.1 // indirect
	github.com/tidwall/btree v1.8.2 // indirect
	golang.org/x/sys v0.48.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace (
	go.etcd.io/raft/v3 => go.etcd.io/raft/v3 v3.6.0
	lsmlab => ../../..
)
