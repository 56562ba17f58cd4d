package chaos

import (
	"fmt"
	"maps"
	"slices"

	"github.com/chaos-mesh/chaos-mesh/api/v1alpha1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"lsmlab/powerfail/faults"
)

// Options say where the faults are applied. Namespace is required.
type Options struct {
	Namespace string
	Labels    map[string]string // which targets and peers must have too; may be nil
}

// Render returns the resources of f, with the defaults of the library, after the
// library has checked them. Lint judges what they do.
func Render(f *faults.File, opts Options) ([]client.Object, error) {
	r := renderer{file: f, opts: opts}
	objects, err := r.render()
	if err != nil {
		return nil, err
	}
	for _, obj := range objects {
		obj.SetNamespace(opts.Namespace)
		if n := len(obj.GetName()); n > maxName {
			return nil, fmt.Errorf("%s %s: the name has %d characters: want at most %d, since names become labels", kindOf(obj), obj.GetName(), n, maxName)
		}
		if err := Default(obj); err != nil {
			return nil, err
		}
		if err := Validate(obj); err != nil {
			return nil, err
		}
		for _, n := range networks(obj) {
			n.PartitionBehavior = "" // the default is to drop; resource definitions up to 2026-09 do not have this field
		}
	}
	return objects, nil
}

// networks returns the specifications of networks in obj. They are parts of obj, not
// copies.
func networks(obj client.Object) []*v1alpha1.NetworkChaosSpec {
	var all []*v1alpha1.NetworkChaosSpec
	switch o := obj.(type) {
	case *v1alpha1.NetworkChaos:
		all = append(all, &o.Spec)
	case *v1alpha1.Schedule:
		all = append(all, o.Spec.NetworkChaos)
	case *v1alpha1.Workflow:
		for _, t := range o.Spec.Templates {
			if t.EmbedChaos != nil {
				all = append(all, t.NetworkChaos)
			}
			if t.Schedule != nil {
				all = append(all, t.Schedule.NetworkChaos)
			}
		}
	}
	return slices.DeleteFunc(all, func(n *v1alpha1.NetworkChaosSpec) bool { return n == nil })
}

// maxName is the longest value of a label. The controller puts the names of a Schedule
// and of a Workflow into labels of the objects that it creates.
const maxName = 63

type renderer struct {
	file *faults.File
	opts Options
}

func (r renderer) render() ([]client.Object, error) {
	for _, f := range r.file.Faults {
		if f.Start > 0 || f.Times > 0 {
			w, err := r.workflow()
			return []client.Object{w}, err
		}
	}
	var all []client.Object
	for _, f := range r.file.Faults {
		objects, err := r.resources(f)
		if err != nil {
			return nil, err
		}
		all = append(all, objects...)
	}
	return all, nil
}

// resources returns the resources of a fault that starts at once.
func (r renderer) resources(f faults.Fault) ([]client.Object, error) {
	kind, embed, err := r.embed(f, durationOf(f))
	if err != nil {
		return nil, err
	}
	obj, err := embed.SpawnNewObject(v1alpha1.TemplateType(kind))
	if err != nil {
		return nil, err
	}
	name := r.file.Name + "-" + f.Name
	first := obj.(client.Object)
	first.SetName(name)
	setKind(first, kind)
	if f.Every == 0 {
		return []client.Object{first}, nil
	}
	s := &v1alpha1.Schedule{Spec: v1alpha1.ScheduleSpec{
		Schedule:          every(f),
		Type:              v1alpha1.ScheduleTemplateType(kind),
		ConcurrencyPolicy: v1alpha1.ForbidConcurrent,
		HistoryLimit:      1,
		ScheduleItem:      v1alpha1.ScheduleItem{EmbedChaos: embed},
	}}
	s.Name = name + "-again"
	setKind(s, v1alpha1.KindSchedule)
	return []client.Object{first, s}, nil
}

func every(f faults.Fault) string { return "@every " + f.Every.String() }

// durationOf returns nil for a fault without a duration.
func durationOf(f faults.Fault) *string {
	if f.Duration == 0 {
		return nil
	}
	d := oneUnit(f.Duration)
	return &d
}

// selector returns the selector of the pods of t. The caller may keep it.
func (r renderer) selector(t faults.Target) (v1alpha1.PodSelector, error) {
	labels := maps.Clone(t.Labels)
	for k, v := range r.opts.Labels {
		if had, ok := labels[k]; ok && had != v {
			return v1alpha1.PodSelector{}, fmt.Errorf("label %s: the target has %q and the selector %q: want one value", k, had, v)
		}
		labels[k] = v
	}
	s := v1alpha1.PodSelector{
		Mode: v1alpha1.AllMode,
		Selector: v1alpha1.PodSelectorSpec{GenericSelectorSpec: v1alpha1.GenericSelectorSpec{
			Namespaces:     []string{r.opts.Namespace},
			LabelSelectors: labels,
		}},
	}
	switch {
	case t.Pick.Percent > 0:
		s.Mode, s.Value = v1alpha1.FixedPercentMode, fmt.Sprint(t.Pick.Percent)
	case t.Pick.Count == 1:
		s.Mode = v1alpha1.OneMode
	case t.Pick.Count > 1:
		s.Mode, s.Value = v1alpha1.FixedMode, fmt.Sprint(t.Pick.Count)
	}
	return s, nil
}

func (r renderer) containers(t faults.Target) (v1alpha1.ContainerSelector, error) {
	s, err := r.selector(t)
	c := v1alpha1.ContainerSelector{PodSelector: s}
	if t.Container != "" {
		c.ContainerNames = []string{t.Container}
	}
	return c, err
}
