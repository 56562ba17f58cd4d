package chaos

import (
	"fmt"

	"github.com/chaos-mesh/chaos-mesh/api/v1alpha1"

	"lsmlab/powerfail/faults"
)

// embed returns the kind of resource that f becomes, and its specification in the form
// for schedules and workflows. If duration is nil, the specification has none.
func (r renderer) embed(f faults.Fault, duration *string) (kind string, e v1alpha1.EmbedChaos, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("fault %s: %w", f.Name, err)
		}
	}()
	switch a := f.Action.(type) {
	case faults.Kill:
		e.PodChaos, err = r.kill(f, duration)
		return "PodChaos", e, err
	case faults.Clock:
		e.TimeChaos, err = r.clock(f, a, duration)
		return "TimeChaos", e, err
	case faults.CPU:
		load := a.LoadPercent
		s := v1alpha1.Stressors{CPUStressor: &v1alpha1.CPUStressor{Stressor: v1alpha1.Stressor{Workers: a.Workers}, Load: &load}}
		e.StressChaos, err = r.stress(f, s, duration)
		return "StressChaos", e, err
	case faults.Memory:
		// The size is written in bytes: the library's parser reads 1MiB as a million.
		size := fmt.Sprintf("%dB", a.SizeBytes)
		s := v1alpha1.Stressors{MemoryStressor: &v1alpha1.MemoryStressor{Stressor: v1alpha1.Stressor{Workers: a.Workers}, Size: size}}
		e.StressChaos, err = r.stress(f, s, duration)
		return "StressChaos", e, err
	case faults.IOError:
		e.IOChaos, err = r.files(f, a.Files, duration)
		e.IOChaos.Action, e.IOChaos.Errno = v1alpha1.IoFaults, a.Errno.Number()
		return "IOChaos", e, err
	case faults.IODelay:
		e.IOChaos, err = r.files(f, a.Files, duration)
		e.IOChaos.Action, e.IOChaos.Delay = v1alpha1.IoLatency, oneUnit(a.Delay)
		return "IOChaos", e, err
	case faults.Stop:
		return "", e, fmt.Errorf("kind %q: Chaos Mesh holds no process that goes on later (pod-failure ends it): want kill, or an executor by signals", f.Kind)
	case faults.PowerCut:
		return "", e, fmt.Errorf("kind %q: Chaos Mesh cuts no power, what was not synced would stay: want kill, or lsmlab crash vm", f.Kind)
	}
	e.NetworkChaos, err = r.network(f, duration)
	return "NetworkChaos", e, err
}

func (r renderer) kill(f faults.Fault, duration *string) (*v1alpha1.PodChaosSpec, error) {
	c, err := r.containers(f.Target)
	action := v1alpha1.PodKillAction
	if f.Target.Container != "" {
		action = v1alpha1.ContainerKillAction
	}
	return &v1alpha1.PodChaosSpec{ContainerSelector: c, Action: action, Duration: duration}, err
}

func (r renderer) clock(f faults.Fault, a faults.Clock, duration *string) (*v1alpha1.TimeChaosSpec, error) {
	c, err := r.containers(f.Target)
	spec := &v1alpha1.TimeChaosSpec{ContainerSelector: c, TimeOffset: a.Offset.String(), Duration: duration}
	if a.Realtime {
		spec.ClockIds = append(spec.ClockIds, "CLOCK_REALTIME")
	}
	if a.Monotonic {
		spec.ClockIds = append(spec.ClockIds, "CLOCK_MONOTONIC")
	}
	return spec, err
}

func (r renderer) stress(f faults.Fault, s v1alpha1.Stressors, duration *string) (*v1alpha1.StressChaosSpec, error) {
	c, err := r.containers(f.Target)
	return &v1alpha1.StressChaosSpec{ContainerSelector: c, Stressors: &s, Duration: duration}, err
}

func (r renderer) files(f faults.Fault, a faults.Files, duration *string) (*v1alpha1.IOChaosSpec, error) {
	c, err := r.containers(f.Target)
	spec := &v1alpha1.IOChaosSpec{ContainerSelector: c, VolumePath: a.Volume, Path: a.Path, Percent: a.Percent, Duration: duration}
	for _, op := range a.Operations {
		spec.Methods = append(spec.Methods, v1alpha1.IoMethod(op))
	}
	return spec, err
}
