package workloads

import "fmt"

// readNext reads the next ScanLen entries of a scan that stays open between operations.
// Nothing writes while it runs. So the entries are known in advance: every key in
// order, and none after the last.
func (x *Executor) readNext(op *Op) error {
	for index := op.Index; index < op.Index+uint64(op.ScanLen); index++ {
		if !x.moveTo(index) {
			return x.endedEarly(op, index)
		}
		if err := x.due(op, index); err != nil {
			return err
		}
	}
	if op.Index+uint64(op.ScanLen) < x.keyCount {
		return nil
	}
	if x.all.Next() {
		return keyError(op.Kind, x.all.Key(), fmt.Errorf("%w: it comes after the last of %d keys", ErrInvented, x.keyCount))
	}
	return x.closeScan(op)
}

// moveTo moves the open scan to the entry of index, or opens one there.
func (x *Executor) moveTo(index uint64) bool {
	if x.all != nil {
		return x.all.Next()
	}
	x.all = x.engine.Scan(nil, nil)
	x.Counts.Scans++
	if index == 0 {
		return x.all.First()
	}
	x.scratch = x.keys.Append(x.scratch[:0], index)
	return x.all.SeekGE(x.scratch)
}

// due checks that the open scan is at the entry of index.
func (x *Executor) due(op *Op, index uint64) error {
	key, value := x.all.Key(), x.all.Value()
	x.Counts.EntriesScanned++
	x.Counts.BytesRead += int64(len(key) + len(value))
	if !x.keys.isKeyOf(key, index) {
		return keyError(op.Kind, key, fmt.Errorf("%w: want %s, index %d", ErrOrder, quote(x.keys.Append(nil, index)), index))
	}
	if err := CheckValue(value, index, x.valueSize); err != nil {
		return keyError(op.Kind, key, err)
	}
	return nil
}

func (x *Executor) endedEarly(op *Op, index uint64) error {
	if err := x.closeScan(op); err != nil {
		return err
	}
	x.scratch = x.keys.Append(x.scratch[:0], index)
	return keyError(op.Kind, x.scratch, fmt.Errorf("%w: the scan ended before it, after %d of %d entries", ErrLost, index, x.keyCount))
}

func (x *Executor) closeScan(op *Op) error {
	if err := x.Close(); err != nil {
		return fmt.Errorf("%s: %w", op.Kind, err)
	}
	return nil
}
