package chaos

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/chaos-mesh/chaos-mesh/api/v1alpha1"
)

func (l *linter) network(path string, s *v1alpha1.NetworkChaosSpec) {
	p := s.TcParameter
	present := map[v1alpha1.NetworkChaosAction]bool{
		v1alpha1.DelayAction: p.Delay != nil, v1alpha1.LossAction: p.Loss != nil, v1alpha1.DuplicateAction: p.Duplicate != nil,
		v1alpha1.CorruptAction: p.Corrupt != nil, v1alpha1.BandwidthAction: p.Bandwidth != nil,
	}
	switch has, known := present[s.Action]; {
	case known && !has:
		l.add(path+"."+string(s.Action), "missing", "action "+string(s.Action)+" has nothing to apply: write it")
	case s.Action == v1alpha1.NetemAction:
		if p.Delay == nil && p.Loss == nil && p.Duplicate == nil && p.Corrupt == nil && p.Rate == nil {
			l.add(path+".action", "netem", "there is nothing to apply: want delay, loss, duplicate, corrupt or rate")
		}
	case s.Action == v1alpha1.PartitionAction:
		for _, a := range []v1alpha1.NetworkChaosAction{"delay", "loss", "duplicate", "corrupt", "bandwidth"} {
			if present[a] {
				l.add(path+"."+string(a), "present", "a partition ignores it: leave it out, or write a resource for it")
			}
		}
	case !known:
		l.add(path+".action", quote(string(s.Action)), "the resource definition refuses it: want netem, delay, loss, duplicate, corrupt, partition or bandwidth")
	}
	l.parameters(path, p)
	if s.Target != nil {
		l.selector(path+".target", *s.Target)
	} else if s.TargetDevice != "" {
		l.add(path+".targetDevice", s.TargetDevice, "no target has the device: write a target")
	}
	if s.PartitionBehavior == v1alpha1.RejectPartitionBehavior && s.Action != v1alpha1.PartitionAction {
		l.add(path+".partitionBehavior", s.PartitionBehavior, "only a partition rejects: want action partition")
	}
}

func (l *linter) parameters(path string, p v1alpha1.TcParameter) {
	if p.Delay != nil {
		l.delay(path+".delay", p.Delay)
	}
	if p.Loss != nil {
		l.share(path+".loss.loss", p.Loss.Loss)
		l.correlation(path+".loss.correlation", p.Loss.Correlation)
	}
	if p.Duplicate != nil {
		l.share(path+".duplicate.duplicate", p.Duplicate.Duplicate)
		l.correlation(path+".duplicate.correlation", p.Duplicate.Correlation)
	}
	if p.Corrupt != nil {
		l.share(path+".corrupt.corrupt", p.Corrupt.Corrupt)
		l.correlation(path+".corrupt.correlation", p.Corrupt.Correlation)
	}
	if p.Bandwidth != nil {
		l.bandwidth(path+".bandwidth", p.Bandwidth)
	}
	if p.Rate != nil {
		l.rate(path+".rate.rate", p.Rate.Rate)
	}
}

// delay follows the daemon, which passes a jitter to tc only with a latency, and a
// correlation only with a jitter. The daemon rounds both up to microseconds, so that
// none above 0 is without effect.
func (l *linter) delay(path string, d *v1alpha1.DelaySpec) {
	if l.time(path+".latency", d.Latency) <= 0 {
		l.add(path+".latency", quote(d.Latency), "the daemon adds no delay, and drops jitter and reorder with it: want a latency above 0")
	}
	jitter := l.time(path+".jitter", d.Jitter)
	if c := l.correlation(path+".correlation", d.Correlation); c > 0 && jitter <= 0 {
		l.add(path+".correlation", quote(d.Correlation), "the daemon drops a correlation without a jitter, and every packet has the same delay: want a jitter above 0, or no correlation")
	}
	if r := d.Reorder; r != nil {
		l.share(path+".reorder.reorder", r.Reorder)
		l.correlation(path+".reorder.correlation", r.Correlation)
	}
}

// definedTime is the pattern in the resource definition.
var definedTime = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h)$`)

// time returns a latency or a jitter. It returns 0 for a value that cannot be read.
func (l *linter) time(field, value string) time.Duration {
	d, err := time.ParseDuration(value)
	if err != nil {
		return 0 // it is empty, or the library reports it
	}
	if !definedTime.MatchString(value) {
		l.add(field, quote(value), `the resource definition refuses it: want a number and one of ns, us, ms, s, m, h, such as "90s"`)
	}
	return d
}

func (l *linter) bandwidth(path string, b *v1alpha1.BandwidthSpec) {
	l.rate(path+".rate", b.Rate)
	if b.Limit == 0 {
		l.add(path+".limit", 0, "the resource definition refuses a queue of no bytes: want at least 1")
	}
	if b.Buffer == 0 {
		l.add(path+".buffer", 0, "the resource definition refuses a bucket of no bytes: want at least 1, and at least a packet for any to pass")
	}
}

func (l *linter) rate(field, value string) {
	digits := strings.TrimRight(strings.ToLower(strings.TrimSpace(value)), "abcdefghijklmnopqrstuvwxyz ")
	if n, err := strconv.ParseUint(digits, 10, 64); value == "" || err == nil && n == 0 {
		l.add(field, quote(value), `tc refuses a rate of 0, and nothing is applied: want a rate such as "10mbit"`)
	}
}
