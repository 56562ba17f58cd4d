// Package chaos writes the faults of a fault file (package faults) as resources of
// Chaos Mesh. It also reads such resources, and tells which of them have no effect.
//
// It is a separate module, so that nobody who builds lsmlab has to compile the
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
// Chaos Mesh has no action that stops a process and lets it go on (pod-failure ends
// it), and none that drops what a machine did not sync.
//
// # Schedules
//
// Faults that start at once become separate resources. As soon as one fault starts
// later, or occurs a limited number of times, all of them become a Workflow. Its
// branches run concurrently, and each begins with a Suspend.
//
// A Schedule first fires one period after its creation. So a fault that occurs
// repeatedly becomes two things: one for the first time, and a Schedule for the others.
package chaos
