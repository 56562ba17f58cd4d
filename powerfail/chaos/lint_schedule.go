package chaos

import (
	"fmt"
	"strings"
	"time"

	"github.com/chaos-mesh/chaos-mesh/api/v1alpha1"
)

func (l *linter) schedule(s *v1alpha1.Schedule) {
	if s.Spec.Type == v1alpha1.ScheduleTypeWorkflow {
		if s.Spec.Workflow == nil {
			l.add("spec.workflow", "missing", "there is nothing to schedule: write it")
			return
		}
		l.workflow(*s.Spec.Workflow)
		return
	}
	l.period("spec.schedule", s.Spec.Schedule)
	l.embedded("spec", string(s.Spec.Type), &s.Spec.EmbedChaos)
}

// period checks how often a schedule fires. The library checks this in a Schedule, but
// not in a template of a Workflow.
func (l *linter) period(field, value string) {
	if _, err := v1alpha1.StandardCronParser.Parse(value); err != nil {
		l.add(field, quote(value), fmt.Sprintf(`it never fires: %v: want a form such as "@every 10m" or "*/10 * * * *"`, err))
	}
}

func (l *linter) workflow(w v1alpha1.WorkflowSpec) {
	used := reachable(w)
	for i, t := range w.Templates {
		path := fmt.Sprintf("spec.templates[%d]", i)
		if !used[t.Name] {
			l.add(path+".name", quote(t.Name), "the entry leads to no such child, so it never runs: name it among the children of a Serial or Parallel")
		}
		l.template(path, t)
	}
}

func (l *linter) template(path string, t v1alpha1.Template) {
	if t.Deadline != nil {
		if d, err := time.ParseDuration(*t.Deadline); err != nil || d <= 0 {
			l.add(path+".deadline", quote(*t.Deadline), `the step ends before it begins: want a duration above 0 such as "5m"`)
		}
	}
	switch t.Type {
	case v1alpha1.TypeSerial, v1alpha1.TypeParallel:
		if len(t.Children) == 0 {
			l.add(path+".children", "missing", fmt.Sprintf("a %s without children does nothing: name some", t.Type))
		}
	case v1alpha1.TypeSchedule:
		l.deadline(path, t)
		if t.Schedule == nil {
			l.add(path+".schedule", "missing", "there is nothing to schedule: write it")
			return
		}
		l.period(path+".schedule.schedule", t.Schedule.Schedule)
		if l.embedded(path+".schedule", string(t.Schedule.Type), &t.Schedule.EmbedChaos) {
			l.unchecked(path+".schedule", t.Schedule)
		}
	default:
		if strings.HasSuffix(string(t.Type), "Chaos") {
			l.deadline(path, t)
			l.embedded(path, string(t.Type), t.EmbedChaos)
		}
	}
}

// unchecked reports what the library would report. The library checks a Schedule and a
// template, but not the schedule within a template.
func (l *linter) unchecked(path string, s *v1alpha1.ChaosOnlyScheduleSpec) {
	for _, err := range s.EmbedChaos.Validate(nil, string(s.Type)) {
		l.add(path+"."+lowerFirst(string(s.Type)), err.Field, err.ErrorBody())
	}
}

func (l *linter) deadline(path string, t v1alpha1.Template) {
	if t.Deadline == nil {
		l.add(path+".deadline", "missing", fmt.Sprintf("the %s lasts until the workflow goes, and no later step of a Serial runs: write how long it lasts", t.Type))
	}
}

// reachable returns the names of the templates to which the entry leads.
func reachable(w v1alpha1.WorkflowSpec) map[string]bool {
	children := make(map[string][]string)
	for _, t := range w.Templates {
		children[t.Name] = append(children[t.Name], t.Children...)
		for _, b := range t.ConditionalBranches {
			children[t.Name] = append(children[t.Name], b.Target)
		}
	}
	used := make(map[string]bool)
	for todo := []string{w.Entry}; len(todo) > 0; {
		name := todo[0]
		todo = todo[1:]
		if !used[name] {
			used[name] = true
			todo = append(todo, children[name]...)
		}
	}
	return used
}
