package chaos

import (
	"time"

	"github.com/chaos-mesh/chaos-mesh/api/v1alpha1"

	"lsmlab/powerfail/faults"
)

// Names of templates. They have a dot, which names of faults do not have.
const (
	entry = "all.faults"
	start = ".start" // the Suspend before a fault
	later = ".later" // the Serial of both
	again = ".again" // the Schedule of a fault that occurs again
	times = ".times" // the Parallel of the first occurrence and the others
)

// instant is the deadline of the template of a kill: a template without a deadline
// never ends.
const instant = 10 * time.Second

// workflow returns a Workflow with a branch for each fault.
func (r renderer) workflow() (*v1alpha1.Workflow, error) {
	w := &v1alpha1.Workflow{Spec: v1alpha1.WorkflowSpec{Entry: entry}}
	w.Name = r.file.Name
	setKind(w, v1alpha1.KindWorkflow)
	all := v1alpha1.Template{Name: entry, Type: v1alpha1.TypeParallel}
	var rest []v1alpha1.Template
	for _, f := range r.file.Faults {
		branch, err := r.branch(f)
		if err != nil {
			return nil, err
		}
		all.Children = append(all.Children, branch[0].Name)
		rest = append(rest, branch...)
	}
	w.Spec.Templates = append([]v1alpha1.Template{all}, rest...)
	return w, nil
}

// branch returns the templates of f. The first one contains the others.
func (r renderer) branch(f faults.Fault) ([]v1alpha1.Template, error) {
	branch, err := r.occurrences(f)
	if err != nil || f.Start == 0 {
		return branch, err
	}
	return append([]v1alpha1.Template{
		{Name: f.Name + later, Type: v1alpha1.TypeSerial, Children: []string{f.Name + start, branch[0].Name}},
		{Name: f.Name + start, Type: v1alpha1.TypeSuspend, Deadline: deadline(f.Start)},
	}, branch...), nil
}

// occurrences returns the template of f, and the Schedule of its later occurrences if
// there are any. The first template contains the others.
func (r renderer) occurrences(f faults.Fault) ([]v1alpha1.Template, error) {
	kind, embed, err := r.embed(f, nil)
	if err != nil {
		return nil, err
	}
	lasts := f.Duration
	if f.Kind.Instant() {
		lasts = instant
	}
	once := v1alpha1.Template{Name: f.Name, Type: v1alpha1.TemplateType(kind), Deadline: deadline(lasts), EmbedChaos: &embed}
	if f.Every == 0 || f.Times == 1 {
		return []v1alpha1.Template{once}, nil
	}
	_, embed, err = r.embed(f, durationOf(f))
	if err != nil {
		return nil, err
	}
	others := v1alpha1.Template{Name: f.Name + again, Type: v1alpha1.TypeSchedule, Schedule: &v1alpha1.ChaosOnlyScheduleSpec{
		Schedule:          every(f),
		Type:              v1alpha1.ScheduleTemplateType(kind),
		ConcurrencyPolicy: v1alpha1.ForbidConcurrent,
		HistoryLimit:      1,
		EmbedChaos:        embed,
	}}
	if f.Times > 0 {
		// The deadline is half a period after the start of the last occurrence, or at its end.
		last := time.Duration(f.Times-1) * f.Every
		others.Deadline = deadline(last + max(f.Duration, f.Every/2))
	}
	both := v1alpha1.Template{Name: f.Name + times, Type: v1alpha1.TypeParallel, Children: []string{once.Name, others.Name}}
	return []v1alpha1.Template{both, once, others}, nil
}

func deadline(d time.Duration) *string {
	s := oneUnit(d)
	return &s
}
