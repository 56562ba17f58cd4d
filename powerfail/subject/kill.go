package subject

import "context"

// KillAt runs the workload in dir, kills it at acknowledgement number n, counted from
// 1, and runs the check, after the reopening if there is one. It returns how the check
// or the reopening failed, or nil if all is well. If the workload ended before that
// acknowledgement, the Run says that it was not Killed. dir must be new. No power is
// cut: the operating system keeps everything that it was given.
func (p *Program) KillAt(ctx context.Context, dir string, n int) (*Run, *Failure, error) {
	met := 0
	run, err := p.RunWorkload(ctx, dir, func(Ack) error {
		if met++; met == n {
			return ErrKill
		}
		return nil
	})
	if err != nil || !run.Killed {
		return run, nil, err
	}
	acked := IDs(run.Acks)
	if p.Reopen != "" {
		again, err := p.RunReopen(ctx, dir, acked, nil)
		if err != nil || again.Failed != nil {
			return run, again.Failed, err
		}
		acked = append(acked, IDs(again.Acks)...)
	}
	failed, err := p.RunCheck(ctx, dir, acked)
	return run, failed, err
}

// IDs returns the IDs of acknowledgements.
func IDs(acks []Ack) (ids []string) {
	for _, a := range acks {
		ids = append(ids, a.ID)
	}
	return ids
}
