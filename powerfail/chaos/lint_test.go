package chaos

import (
	"fmt"
	"strings"
	"testing"
)

// TestLint reads resources as people write them. Each has one thing in vain: the
// linter must name its field and its value, and find nothing else. The library
// must have nothing against it, else the linter would only repeat the library;
// those that it does refuse are marked.
func TestLint(t *testing.T) {
	const delay = "action: delay, delay: {latency: 100ms"
	tests := []struct{ kind, spec, want string }{
		{"NetworkChaos", delay + ", correlation: '25'}", `spec.delay.correlation: "25"`},
		{"NetworkChaos", delay + ", jitter: 0ms, correlation: '25'}", `spec.delay.correlation: "25"`},
		{"NetworkChaos", delay + ", jitter: 10ms, correlation: '200'}", `spec.delay.correlation: "200"`},
		{"NetworkChaos", delay + ", jitter: 10ms, correlation: '-1'}", `spec.delay.correlation: "-1"`},
		{"NetworkChaos", delay + ", jitter: 10ms, correlation: NaN}", `spec.delay.correlation: "NaN"`},
		{"NetworkChaos", delay + ", jitter: 1s1ms}", `spec.delay.jitter: "1s1ms"`},
		{"NetworkChaos", delay + ", reorder: {reorder: '0', gap: 5}}", `spec.delay.reorder.reorder: "0"`},
		{"NetworkChaos", "action: delay", `spec.delay: missing`},
		{"NetworkChaos", "action: delay, delay: {latency: 0ms}", `spec.delay.latency: "0ms"`},
		{"NetworkChaos", "action: delay, delay: {latency: ''}", `spec.delay.latency: ""`},
		{"NetworkChaos", "action: delay, delay: {latency: 1m30s}", `spec.delay.latency: "1m30s"`},
		{"NetworkChaos", "action: delay, delay: {latency: 1s}, duration: '-5m'", `spec.duration: -5m`},
		{"NetworkChaos", "action: loss, delay: {latency: 1s}", `spec.loss: missing`},
		{"NetworkChaos", "action: loss, loss: {loss: '0'}", `spec.loss.loss: "0"`},
		{"NetworkChaos", "action: loss, loss: {loss: NaN}", `spec.loss.loss: "NaN"`},
		{"NetworkChaos", "action: loss, loss: {loss: '101'}", `spec.loss.loss: "101"`},
		{"NetworkChaos", "action: duplicate, duplicate: {duplicate: '1', correlation: '101'}", `spec.duplicate.correlation: "101"`},
		{"NetworkChaos", "action: corrupt, corrupt: {corrupt: '-1'}", `spec.corrupt.corrupt: "-1"`},
		{"NetworkChaos", "action: netem", `spec.action: netem`},
		{"NetworkChaos", "action: slow, delay: {latency: 1s}", `spec.action: "slow"`},
		{"NetworkChaos", "action: partition, delay: {latency: 1s}", `spec.delay: present`},
		{"NetworkChaos", "action: bandwidth, bandwidth: {rate: 0mbit, limit: 1, buffer: 1}", `spec.bandwidth.rate: "0mbit"`},
		{"NetworkChaos", "action: bandwidth, bandwidth: {rate: 1mbit, buffer: 1}", `spec.bandwidth.limit: 0`},
		{"NetworkChaos", "action: bandwidth, bandwidth: {rate: 1mbit, limit: 1}", `spec.bandwidth.buffer: 0`},
		{"NetworkChaos", delay + "}, partitionBehavior: reject", `spec.partitionBehavior: reject`},
		{"NetworkChaos", delay + "}, targetDevice: eth1", `spec.targetDevice: eth1`},
		{"NetworkChaos", delay + "}, target: {mode: all, selector: {}}", `spec.target.selector: empty`},
		{"NetworkChaos", delay + "}, value: '2'", `spec.value: "2"`},
		{"PodChaos", "action: pod-kill, duration: 5m", `spec.duration: 5m`},
		{"PodChaos", "action: pod-kill, containerNames: [db]", `spec.containerNames: [db]`},
		{"PodChaos", "action: pod-failure, gracePeriod: 5", `spec.gracePeriod: 5`},
		{"PodChaos", "action: stop", `spec.action: "stop"`},
		{"TimeChaos", "timeOffset: 0s", `spec.timeOffset: "0s"`},
		{"TimeChaos", "timeOffset: 1h, clockIds: [CLOCK_REALTIME, REALTIME]", `spec.clockIds[1]: "REALTIME"`},
		{"TimeChaos", "timeOffset: 1h, duration: 5 minutes", `spec.duration: "5 minutes"`},
		{"StressChaos", "stressors: {cpu: {workers: 0}}", `spec.stressors.cpu.workers: 0`},
		{"StressChaos", "stressors: {cpu: {workers: 9000}}", `spec.stressors.cpu.workers: 9000`},
		{"StressChaos", "stressors: {cpu: {workers: 1, load: 0}}", `spec.stressors.cpu.load: 0`},
		{"StressChaos", "stressors: {memory: {workers: 1, size: 0%}}", `spec.stressors.memory.size: "0%"`},
		{"StressChaos", "stressors: {cpu: {workers: 1}}, stressngStressors: --cpu 1", `spec.stressors: present`},
		{"IOChaos", "action: latency, volumePath: /db", `spec.delay: ""`},
		{"IOChaos", "action: latency, delay: 0ms, volumePath: /db", `spec.delay: "0ms"`},
		{"IOChaos", "action: attrOverride, volumePath: /db", `spec.attr: missing`},
		{"IOChaos", "action: mistake, volumePath: /db", `spec.mistake: missing`},
		{"IOChaos", "action: fault, errno: 5, volumePath: db", `spec.volumePath: "db"`},
		{"IOChaos", "action: fault, errno: 5, volumePath: /db, path: /dbs/x", `spec.path: "/dbs/x"`},
		{"IOChaos", "action: fault, errno: 5, volumePath: /db, methods: [sync]", `spec.methods[0]: "sync"`},
		{"IOChaos", "action: error, volumePath: /db", `spec.action: "error"`},
	}
	for _, test := range tests {
		spec := test.spec + ", mode: all, selector: {labelSelectors: {app: db}}"
		lintOne(t, test.kind, spec, test.want, true)
	}
	const labels = "selector: {labelSelectors: {app: db}}"
	lintOne(t, "PodChaos", "action: pod-kill, mode: all, selector: {namespaces: [lab]}", `spec.selector: empty`, true)
	lintOne(t, "PodChaos", "action: pod-kill, mode: some, "+labels, `spec.mode: "some"`, true)
}

// TestLintNested does the same for resources that hold others.
func TestLintNested(t *testing.T) {
	const (
		labels = "mode: all, selector: {labelSelectors: {app: db}}"
		chaos  = "networkChaos: {action: delay, delay: {latency: 1s, correlation: '25'}, " + labels + "}"
		sound  = "podChaos: {action: pod-kill, " + labels + "}"
	)
	entry := func(templates string) string {
		return "entry: all, templates: [{name: all, templateType: Parallel, children: [one]}, " + templates + "]"
	}
	lintOne(t, "Schedule", "schedule: '@every 10m', type: NetworkChaos, "+chaos, `spec.networkChaos.delay.correlation: "25"`, true)
	lintOne(t, "Schedule", "schedule: '@every 10m', type: NetworkChaos, "+sound, `spec.networkChaos: missing`, false)
	lintOne(t, "Schedule", "schedule: '@every 10m', type: IOChaos", `spec.ioChaos: missing`, false)
	lintOne(t, "Schedule", "schedule: '@every 10m', type: Workflow", `spec.workflow: missing`, true)
	lintOne(t, "Workflow", entry("{name: one, templateType: NetworkChaos, deadline: 1m, "+chaos+"}"),
		`spec.templates[1].networkChaos.delay.correlation: "25"`, true)
	lintOne(t, "Workflow", entry("{name: one, templateType: PodChaos, "+sound+"}"), `spec.templates[1].deadline: missing`, true)
	lintOne(t, "Workflow", entry("{name: one, templateType: Suspend, deadline: 0s}"), `spec.templates[1].deadline: "0s"`, true)
	lintOne(t, "Workflow", entry("{name: one, templateType: Serial}"), `spec.templates[1].children: missing`, true)
	lintOne(t, "Workflow", entry("{name: one, templateType: Suspend, deadline: 1s}, {name: two, templateType: Suspend, deadline: 1s}"),
		`spec.templates[2].name: "two"`, true)
	lintOne(t, "Workflow", entry("{name: one, templateType: Schedule, deadline: 1m}"), `spec.templates[1].schedule: missing`, true)
	lintOne(t, "Workflow", entry("{name: one, templateType: Schedule, deadline: 1m, schedule: {schedule: never, type: PodChaos, "+sound+"}}"),
		`spec.templates[1].schedule.schedule: "never"`, true)
	lintOne(t, "Workflow", entry("{name: one, templateType: Schedule, deadline: 1m, schedule: {schedule: '@every 1s', type: NetworkChaos, "+chaos+"}}"),
		`spec.templates[1].schedule.networkChaos.delay.correlation: "25"`, true)
	lintOne(t, "Workflow", entry("{name: one, templateType: Schedule, deadline: 1m, schedule: {schedule: '@every 1s', type: IOChaos, "+
		"ioChaos: {action: fault, volumePath: /db, "+labels+"}}}"), `spec.templates[1].schedule.ioChaos: Spec.Errno`, true)
}

// TestSound: what is unusual and works is not found.
func TestSound(t *testing.T) {
	for _, spec := range []string{
		"action: delay, delay: {latency: 10ns, jitter: 500ns, correlation: '100'}", // is rounded up to 1us
		"action: netem, rate: {rate: 1mbit}",
		"action: netem, delay: {latency: 1.5s}, loss: {loss: '0.001', correlation: '0'}",
		"action: partition, direction: from, partitionBehavior: reject, externalTargets: [example.com]",
	} {
		text := "apiVersion: chaos-mesh.org/v1alpha1\nkind: NetworkChaos\nspec: {mode: all, selector: {pods: {lab: [db]}}, " + spec + "}\n"
		objects, err := Read([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", spec, err)
			continue
		}
		if found := Lint(objects[0]); len(found) > 0 {
			t.Errorf("%s: found %v", spec, found)
		}
	}
}

// lintOne demands one finding that begins with want, and whether the library lets
// the resource pass.
func lintOne(t *testing.T, kind, spec, want string, passes bool) {
	t.Helper()
	text := fmt.Sprintf("apiVersion: chaos-mesh.org/v1alpha1\nkind: %s\nmetadata: {name: x, namespace: lab}\nspec: {%s}\n", kind, spec)
	objects, err := Read([]byte(text))
	if err != nil {
		t.Errorf("%s {%s}: %v", kind, spec, err)
		return
	}
	found := Lint(objects[0])
	if want = kind + " x: " + want + ": "; len(found) != 1 || !strings.HasPrefix(found[0].String(), want) {
		t.Errorf("%s {%s}:\n got %v\nwant %s", kind, spec, found, want)
	}
	if err := Default(objects[0]); err != nil {
		t.Errorf("%s {%s}: %v", kind, spec, err)
	}
	if err := Validate(objects[0]); (err == nil) != passes {
		t.Errorf("%s {%s}: the library says %v", kind, spec, err)
	}
}
