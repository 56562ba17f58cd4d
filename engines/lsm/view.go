package lsm

import (
	"cmp"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
)

// view is what an iterator shows: the state at an LSN. It holds a reference on a read
// state.
//
// If its reader has a pin, the view ends when that is cut. It could be read right to its
// end (see pin.lost), but the tables would stay on disk as long as that takes.
type view struct {
	db    *DB
	state stateRef
	seq   ikey.Seq
	pin   *pin // of its reader, if that may be cut
	lost  error
}

// newView takes over the reference s. The pin is that of the reader, or nil.
func (db *DB) newView(s stateRef, seq ikey.Seq, p *pin) view {
	v := view{db: db, state: s, seq: seq}
	if db.opts.GC.Limits() {
		v.pin = p
	}
	return v
}

// usable says whether the view may be read.
func (v *view) usable() bool {
	if v.db.closing.Load() {
		return false
	}
	if v.pin != nil && v.lost == nil {
		v.lost = v.pin.lost()
	}
	return v.lost == nil
}

// close gives the state back. It returns err, which the iterator met, or why the view
// ended.
func (v *view) close(err error) error {
	err = cmp.Or(err, v.lost)
	if err == nil && v.db.closing.Load() {
		err = kv.ErrClosed
	}
	v.state.release()
	return err
}
