package jump

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"sync"

	"lsmlab/engines/kv"
)

// part is what a batch has for one shard.
type part struct {
	shard int
	batch kv.Batch
}

// pending is a batch across shards that is under way. Until it is done nothing else is.
type pending struct {
	encoded []byte
	logged  bool
	parts   []*part // the largest first
}

// home returns the shard that has all keys of a batch; ok is false if there is none.
func home(b *kv.Batch, shards int) (at int, ok bool) {
	ops := b.Ops()
	for at = -1; ops.Next(); {
		if to := shard(ops.Key, shards); at == -1 {
			at = to
		} else if to != at {
			return 0, false
		}
	}
	return at, at >= 0
}

// split returns a batch as one that is to be done.
func split(encoded []byte, shards int) (*pending, error) {
	of := make([]*part, shards)
	ops := kv.ReadOps(encoded)
	for ops.Next() {
		at := shard(ops.Key, shards)
		if of[at] == nil {
			of[at] = &part{shard: at}
		}
		if ops.Kind == kv.OpDelete {
			of[at].batch.Delete(ops.Key)
		} else {
			of[at].batch.Set(ops.Key, ops.Value)
		}
	}
	if err := ops.Err(); err != nil {
		return nil, err
	}
	parts := slices.DeleteFunc(of, func(p *part) bool { return p == nil })
	slices.SortFunc(parts, func(a, b *part) int { return cmp.Compare(len(b.batch.Bytes()), len(a.batch.Bytes())) })
	return &pending{encoded: bytes.Clone(encoded), parts: parts}, nil
}

// finish does what is pending, all of it or, after an error, in the next call: each shard may
// be given its part again, as nothing else was written meanwhile. The lock is held.
func (s *store) finish() error {
	p := s.pending
	if p == nil {
		return nil
	}
	if !p.logged {
		if err := s.intent.put(p.encoded); err != nil {
			return err
		}
		p.logged = true
	}
	// If a shard has a limit of its own, it refuses the largest part before others are done.
	err := s.shards[p.parts[0].shard].Apply(&p.parts[0].batch, s.whole)
	if err == nil {
		err = s.applyAll(p.parts[1:])
	} else if refused(err) {
		if errClear := s.intent.clear(); errClear != nil {
			return errClear
		}
		s.pending = nil
		return err
	}
	if err != nil {
		return fmt.Errorf("a batch across shards is under way: %w", err)
	}
	if err := s.intent.clear(); err != nil {
		return err
	}
	s.pending = nil
	return nil
}

// applyAll applies parts at once and returns the first one's error.
func (s *store) applyAll(parts []*part) error {
	errs := make([]error, len(parts))
	var calls sync.WaitGroup
	for i, p := range parts {
		calls.Go(func() { errs[i] = s.shards[p.shard].Apply(&p.batch, s.whole) })
	}
	calls.Wait()
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("shard %d: %w", parts[i].shard+1, err)
		}
	}
	return nil
}
