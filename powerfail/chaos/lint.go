package chaos

import (
	"fmt"
	"reflect"

	"github.com/chaos-mesh/chaos-mesh/api/v1alpha1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Finding is something in a resource that the library accepts, but that has no effect,
// or another effect than it says.
type Finding struct {
	Resource string // kind and name
	Field    string // such as spec.delay.correlation
	Value    string
	Problem  string // what happens instead, and what to write
}

func (f Finding) String() string {
	return fmt.Sprintf("%s: %s: %s: %s", f.Resource, f.Field, f.Value, f.Problem)
}

// Lint returns what has no effect in obj, in the order of its fields. It knows
// NetworkChaos, IOChaos, PodChaos, TimeChaos, StressChaos, Schedule and Workflow, and
// finds nothing in other kinds. It does not repeat what Validate reports.
func Lint(obj client.Object) []Finding {
	l := &linter{resource: kindOf(obj) + " " + obj.GetName()}
	switch o := obj.(type) {
	case *v1alpha1.Schedule:
		l.schedule(o)
	case *v1alpha1.Workflow:
		l.workflow(o.Spec)
	default:
		// In every kind, the specification is a field of this name.
		if spec := reflect.ValueOf(obj).Elem().FieldByName("Spec"); spec.IsValid() {
			l.spec("spec", spec.Addr().Interface())
		}
	}
	return l.found
}

type linter struct {
	resource string
	found    []Finding
}

func (l *linter) add(field string, value any, problem string) {
	l.found = append(l.found, Finding{l.resource, field, fmt.Sprintf("%v", value), problem})
}

func (l *linter) spec(path string, spec any) {
	switch s := spec.(type) {
	case *v1alpha1.NetworkChaosSpec:
		l.selector(path, s.PodSelector)
		l.network(path, s)
		l.duration(path+".duration", s.Duration)
	case *v1alpha1.IOChaosSpec:
		l.selector(path, s.PodSelector)
		l.io(path, s)
		l.duration(path+".duration", s.Duration)
	case *v1alpha1.PodChaosSpec:
		l.selector(path, s.PodSelector)
		l.pod(path, s)
		l.duration(path+".duration", s.Duration)
	case *v1alpha1.TimeChaosSpec:
		l.selector(path, s.PodSelector)
		l.clock(path, s)
		l.duration(path+".duration", s.Duration)
	case *v1alpha1.StressChaosSpec:
		l.selector(path, s.PodSelector)
		l.stress(path, s)
		l.duration(path+".duration", s.Duration)
	}
}

// embedded lints the specification of a kind within a schedule or a template. It
// returns false if there is none.
func (l *linter) embedded(path, kind string, e *v1alpha1.EmbedChaos) bool {
	var spec reflect.Value
	if e != nil {
		spec = reflect.ValueOf(e).Elem().FieldByName(kind)
	}
	field := path + "." + lowerFirst(kind)
	if !spec.IsValid() || spec.IsNil() {
		l.add(field, "missing", "there is nothing to apply, and the library's check panics: write the specification of the "+kind)
		return false
	}
	l.spec(field, spec.Interface())
	return true
}
