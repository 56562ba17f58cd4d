// Package chaos writes the faults of a fault file (package faults) as resources of
// Chaos Mesh, reads resources back, and tells which of them do nothing.
//
// It is of a module of its own, so that nobody who builds lsmlab compiles the
// Kubernetes libraries.
//
// # Which resource a fault becomes
//
//	| fault                                      | resource                               |
//	|--------------------------------------------|----------------------------------------|
//	| delay, loss, duplicate, corrupt, bandwidth | NetworkChaos of that action            |
//	| partition                                  | NetworkChaos, partition                |
//	| clock                                      | TimeChaos                              |
//	| cpu, memory                                | StressChaos                            |
//	| io-error, io-delay                         | IOChaos, fault or latency              |
//	| kill                                       | PodChaos: container-kill if the target |
//	|                                            | names a container, pod-kill otherwise  |
//	| stop, power-cut                            | none; Render refuses them              |
//
// Chaos Mesh has no action that holds a process and lets it go on (pod-failure
// ends it), and none that drops what a machine did not sync.
//
// # Schedules
//
// Faults that start at once become resources of their own. As soon as one fault
// starts later or comes a counted number of times, all of them become a Workflow,
// whose branches run beside each other and begin with a Suspend.
//
// A Schedule first fires one period after it was created. So a fault that comes
// again becomes two things: one for the first time, and a Schedule for the others.
package chaos
