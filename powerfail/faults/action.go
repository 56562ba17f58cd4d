package faults

import (
	"slices"
	"time"
)

const (
	hour = time.Hour
	week = 7 * 24 * hour
)

// actions holds, for each kind, the function that reads its fields.
var actions = map[Kind]func(*object) Action{
	KindDelay:     parseDelay,
	KindLoss:      parsePackets,
	KindDuplicate: parsePackets,
	KindCorrupt:   parsePackets,
	KindPartition: func(o *object) Action { return Partition{parseTraffic(o, Both)} },
	KindBandwidth: parseBandwidth,
	KindClock:     parseClock,
	KindCPU: func(o *object) Action {
		return CPU{required(o, "workers", upTo(8192)), optional(o, "load", 100, upTo(100))}
	},
	KindMemory: func(o *object) Action {
		return Memory{required(o, "workers", upTo(8192)), required(o, "size", bytesBetween(1, 1<<50))}
	},
	KindKill:     func(*object) Action { return Kill{} },
	KindStop:     func(*object) Action { return Stop{} },
	KindPowerCut: func(*object) Action { return PowerCut{} },
	KindIOError: func(o *object) Action {
		return IOError{parseFiles(o), required(o, "errno", errno)}
	},
	KindIODelay: func(o *object) Action {
		return IODelay{parseFiles(o), required(o, "delay", between(time.Microsecond, hour))}
	},
}

func parseDelay(o *object) Action {
	return Delay{
		Traffic:     parseTraffic(o, To),
		Delay:       required(o, "delay", between(time.Microsecond, hour)),
		Jitter:      optional(o, "jitter", 0, between(0, hour)),
		Correlation: optional(o, "correlation", 0, correlation),
	}
}

func parsePackets(o *object) Action {
	return Packets{
		Traffic:     parseTraffic(o, To),
		Percent:     required(o, "percent", percent),
		Correlation: optional(o, "correlation", 0, correlation),
	}
}

func parseBandwidth(o *object) Action {
	return Bandwidth{
		Traffic:    parseTraffic(o, To),
		RateBits:   required(o, "rate", rate),
		QueueBytes: optional(o, "queue", 128<<10, bytesBetween(1, 1<<32-1)),
		BurstBytes: optional(o, "burst", 16<<10, bytesBetween(1, 1<<32-1)),
	}
}

func parseTraffic(o *object, direction Direction) Traffic {
	var t Traffic
	if o.has("peer") {
		peer := parseTarget(o, "peer")
		t.Peer = &peer
	}
	valid := []Direction{To, From, Both}
	if t.Peer == nil && direction != Both {
		valid = valid[:1] // without a peer
	}
	t.Direction = optional(o, "direction", direction, oneOf(valid...))
	return t
}

func parseClock(o *object) Action {
	clocks := optional(o, "clocks", []string{"realtime"}, someOf("realtime", "monotonic"))
	return Clock{
		Offset:    required(o, "offset", offset),
		Realtime:  slices.Contains(clocks, "realtime"),
		Monotonic: slices.Contains(clocks, "monotonic"),
	}
}

func parseFiles(o *object) Files {
	return Files{
		Volume:     required(o, "volume", absolute),
		Path:       optional(o, "path", "", absolute),
		Operations: optional(o, "operations", nil, someOf(operations()...)),
		Percent:    optional(o, "percent", 100, upTo(100)),
	}
}

// operations returns the operations on files that a fault may name, as FUSE
// names them. The caller owns the slice.
func operations() []string {
	return []string{"create", "flush", "fsync", "getattr", "mkdir", "open", "read", "readdir", "rename", "rmdir", "setattr", "unlink", "write"}
}
