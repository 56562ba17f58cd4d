package chaos

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/chaos-mesh/chaos-mesh/api/v1alpha1"
)

// duration checks how long a fault lasts; nil means until the resource is removed.
func (l *linter) duration(field string, d *string) {
	if d == nil {
		return
	}
	switch v, err := time.ParseDuration(*d); {
	case err != nil: // the library checks it in most kinds only
		l.add(field, quote(*d), `the controller cannot read it, so the fault never ends by itself: want a duration such as "5m"`)
	case v <= 0:
		l.add(field, *d, "the fault ends before it begins: want a duration above 0")
	}
}

// selector checks which pods are affected.
func (l *linter) selector(path string, p v1alpha1.PodSelector) {
	s := p.Selector
	if len(s.LabelSelectors)+len(s.ExpressionSelectors)+len(s.AnnotationSelectors)+len(s.FieldSelectors)+
		len(s.Pods)+len(s.Nodes)+len(s.NodeSelectors)+len(s.PodPhaseSelectors) == 0 {
		l.add(path+".selector", "empty", "every pod of the namespaces is met: want labels")
	}
	switch p.Mode {
	case v1alpha1.OneMode, v1alpha1.AllMode:
		if p.Value != "" {
			l.add(path+".value", quote(p.Value), fmt.Sprintf("mode %s takes no value: leave it out, or want mode fixed or fixed-percent", p.Mode))
		}
	case v1alpha1.FixedMode, v1alpha1.FixedPercentMode, v1alpha1.RandomMaxPercentMode:
	default:
		l.add(path+".mode", quote(string(p.Mode)), "the resource definition refuses it: want one, all, fixed, fixed-percent or random-max-percent")
	}
}

// share checks a percentage that says how often something happens.
func (l *linter) share(field, value string) {
	x, err := strconv.ParseFloat(value, 64)
	switch {
	case err != nil && value != "":
		// The library tells.
	case !(x > 0): // true for NaN too
		l.add(field, quote(value), "the daemon drops it, and no packet is met: want a number above 0, at most 100")
	case x > 100:
		l.add(field, quote(value), "tc refuses it, and nothing is applied: want a number above 0, at most 100")
	}
}

// correlation checks a percentage that may be 0.
func (l *linter) correlation(field, value string) (x float64) {
	x, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return 0 // it is empty, or the library reports it
	}
	if !(x >= 0 && x <= 100) {
		l.add(field, quote(value), "a correlation is a percentage: want a number from 0 to 100")
		return 0
	}
	return x
}

func quote(s string) string { return strconv.Quote(s) }

// lowerFirst returns the name of the field for a kind: networkChaos, or ioChaos for
// IOChaos.
func lowerFirst(kind string) string {
	if rest, ok := strings.CutPrefix(kind, "IO"); ok {
		return "io" + rest
	}
	for i, r := range kind {
		return string(unicode.ToLower(r)) + kind[i+1:]
	}
	return kind
}
