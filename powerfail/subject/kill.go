package subject

import "context"

// KillAt runs the workload in dir, kills it at its acknowledgement number n, from 1 on,
// and asks the check, after the reopening if there is one. It returns how the check or
// the reopening failed, nil if all is well. A workload that ended before it came to that
// number is in the Life: it was not Killed. dir is new, and no power is cut: the
// operating system keeps all that it was handed.
func (p *Program) KillAt(ctx context.Context, dir string, n int) (*Life, *Failure, error) {
	met := 0
	life, err := p.RunWorkload(ctx, dir, func(Ack) error {
		if met++; met == n {
			return ErrKill
		}
		return nil
	})
	if err != nil || !life.Killed {
		return life, nil, err
	}
	acked := IDs(life.Acks)
	if p.Reopen != "" {
		again, err := p.RunReopen(ctx, dir, acked, nil)
		if err != nil || again.Failed != nil {
			return life, again.Failed, err
		}
		acked = append(acked, IDs(again.Acks)...)
	}
	failed, err := p.RunCheck(ctx, dir, acked)
	return life, failed, err
}

// IDs returns the IDs of acknowledgements.
func IDs(acks []Ack) (ids []string) {
	for _, a := range acks {
		ids = append(ids, a.ID)
	}
	return ids
}
