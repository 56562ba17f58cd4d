package chaos

import (
	"fmt"
	"strconv"
	"time"

	"github.com/chaos-mesh/chaos-mesh/api/v1alpha1"

	"lsmlab/powerfail/faults"
)

func (r renderer) network(f faults.Fault, duration *string) (*v1alpha1.NetworkChaosSpec, error) {
	from, err := r.selector(f.Target)
	if err != nil {
		return nil, err
	}
	spec := &v1alpha1.NetworkChaosSpec{PodSelector: from, Action: v1alpha1.NetworkChaosAction(f.Kind), Duration: duration}
	var traffic faults.Traffic
	switch a := f.Action.(type) {
	case faults.Delay:
		traffic = a.Traffic
		spec.Delay = &v1alpha1.DelaySpec{Latency: oneUnit(a.Delay), Correlation: number(a.Correlation)}
		if a.Jitter > 0 {
			spec.Delay.Jitter = oneUnit(a.Jitter)
		}
	case faults.Packets:
		traffic = a.Traffic
		setPackets(&spec.TcParameter, f.Kind, number(a.Percent), number(a.Correlation))
	case faults.Partition:
		traffic = a.Traffic
	case faults.Bandwidth:
		traffic = a.Traffic
		spec.Bandwidth = &v1alpha1.BandwidthSpec{Rate: rate(a.RateBits), Limit: uint32(a.QueueBytes), Buffer: uint32(a.BurstBytes)}
	default:
		return nil, fmt.Errorf("kind %q: no resource of Chaos Mesh is known for it", f.Kind)
	}
	spec.Direction = v1alpha1.Direction(traffic.Direction) // both use the same names
	if traffic.Peer != nil {
		peer, err := r.selector(*traffic.Peer)
		if err != nil {
			return nil, fmt.Errorf("peer: %w", err)
		}
		spec.Target = &peer
	}
	return spec, nil
}

func setPackets(p *v1alpha1.TcParameter, kind faults.Kind, percent, correlation string) {
	switch kind {
	case faults.KindLoss:
		p.Loss = &v1alpha1.LossSpec{Loss: percent, Correlation: correlation}
	case faults.KindDuplicate:
		p.Duplicate = &v1alpha1.DuplicateSpec{Duplicate: percent, Correlation: correlation}
	case faults.KindCorrupt:
		p.Corrupt = &v1alpha1.CorruptSpec{Corrupt: percent, Correlation: correlation}
	}
}

func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// oneUnit writes d, which must not be negative, as a whole number of one unit, the
// largest that divides d. The resource definitions refuse 1m30s, and µs.
func oneUnit(d time.Duration) string {
	for _, u := range []struct {
		name string
		unit time.Duration
	}{{"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}, {"us", time.Microsecond}} {
		if d >= u.unit && d%u.unit == 0 {
			return fmt.Sprintf("%d%s", d/u.unit, u.name)
		}
	}
	return fmt.Sprintf("%dns", d)
}

func rate(bits int64) string {
	for _, u := range []struct {
		name string
		unit int64
	}{{"gbit", 1e9}, {"mbit", 1e6}, {"kbit", 1e3}} {
		if bits%u.unit == 0 {
			return fmt.Sprintf("%d%s", bits/u.unit, u.name)
		}
	}
	return fmt.Sprintf("%dbit", bits)
}
