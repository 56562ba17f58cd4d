// Package faults is the vocabulary of faults that every executor shares, and the
// file that holds them. The package is pure: it reads a file and applies nothing.
//
// A fault file is one JSON object:
//
//	{
//	  "name": "slow-dependency",
//	  "faults": [
//	    {
//	      "name": "slow", "kind": "delay",
//	      "target": {"labels": {"role": "dependency"}},
//	      "duration": "5m",
//	      "delay": "100ms", "correlation": 25
//	    }
//	  ]
//	}
//
// Names are DNS labels (a-z, 0-9 and -, at most 50 characters); those of faults
// are unique in a file. Each fault has these fields:
//
//	| field    | value                                                            |
//	|----------|------------------------------------------------------------------|
//	| name     | required                                                         |
//	| kind     | required; see below                                              |
//	| target   | required; whom the fault meets                                   |
//	| start    | duration from the start of the run; 0 unless given               |
//	| duration | how long the fault lasts; required, except for kill and          |
//	|          | power-cut, which have no duration                                |
//	| every    | the fault comes again at this period, counted from its start;    |
//	|          | not shorter than duration, and at least 1s                       |
//	| times    | how often it comes in all, with every; unless given, until the   |
//	|          | run ends                                                         |
//
// A target is {"labels": {"key": "value"}, "pick": "all", "container": "db"}.
// It stands for all that carry every label; what carries labels is the business
// of the executor (processes, nodes, pods). pick takes "all" (unless given),
// "one", a count such as "2", or a share such as "30%", which is rounded up.
// container names the container of a pod, for those executors that know containers.
//
// Each kind has fields of its own; those in brackets may be left out:
//
//	| kind      | fields                                     | what happens              |
//	|-----------|--------------------------------------------|---------------------------|
//	| delay     | delay [jitter correlation] traffic         | packets come later        |
//	| loss      | percent [correlation] traffic              | packets are dropped       |
//	| duplicate | percent [correlation] traffic              | packets come twice        |
//	| corrupt   | percent [correlation] traffic              | one bit of a packet flips |
//	| partition | traffic                                    | no packet comes           |
//	| bandwidth | rate [queue burst] traffic                 | a token bucket limits     |
//	| clock     | offset [clocks]                            | clocks differ             |
//	| cpu       | workers [load]                             | workers take CPU time     |
//	| memory    | workers size                               | workers hold memory       |
//	| kill      |                                            | SIGKILL                   |
//	| stop      |                                            | SIGSTOP, SIGCONT at the end |
//	| io-error  | volume errno [path operations percent]     | file operations fail      |
//	| io-delay  | volume delay [path operations percent]     | file operations wait      |
//	| power-cut |                                            | what was not synced is lost |
//
// Traffic is [peer direction]: peer is a target, the other side of the packets;
// unless given, all packets of the target are met. direction is "to" (what the
// target sends, unless given), "from" (what it receives) or "both"; a partition
// is "both" unless given, and a one-way partition names its direction. Without a
// peer, only a partition may be "from" or "both".
//
// Values carry their units:
//
//   - durations are strings of Go's syntax: "100ms", "1m30s"
//   - percent is a number above 0, at most 100; correlation is 0 to 100: how much,
//     in percent, the random choice for a packet follows that for the one before
//   - rate is bits a second: "512kbit", "10mbit", "1gbit" (powers of ten)
//   - size, queue and burst are bytes: "64KiB", "256MiB", "1GiB"; size is that of
//     each worker
//   - offset is a duration with a sign, not zero; clocks are "realtime" (unless
//     given) and "monotonic"
//   - load is the share of one CPU that a worker takes, 1 to 100, 100 unless given
//   - errno is a name such as "EIO" or "ENOSPC"; operations are names such as
//     "write" and "fsync", all of them unless given
//   - volume is the absolute path where the file system is mounted; path is a
//     pattern within the volume, absolute too
//
// A field that is unknown, twice there, of another kind or out of its range is an
// error, which names the field, its value and what is valid. All errors of a file
// are told at once. Files under testdata are examples of all this; source.json is
// the experiment that the project started from: 100 ms of delay, correlation 25,
// for 5 minutes.
package faults
