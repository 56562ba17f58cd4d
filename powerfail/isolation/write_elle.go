package isolation

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
)

// event is one map of a history of Jepsen: the begin or the end of a transaction.
type event struct {
	*Txn

	ends bool
}

// writeElle writes a history as Jepsen does, in EDN or in JSON, one map a line, so that
// Elle can judge it too. Which reads are parts of range reads is lost. An error says that
// a process began a transaction while it had one, or after one of unknown outcome: processes
// of Jepsen do not.
func writeElle(w io.Writer, txns []Txn, asJSON bool) error {
	var events []event
	for i := range txns {
		events = append(events, event{&txns[i], false})
		if txns[i].Outcome != Unknown {
			events = append(events, event{&txns[i], true})
		}
	}
	slices.SortStableFunc(events, func(a, b event) int {
		if a.at() == b.at() && a.ends != b.ends {
			if a.ends {
				return 1 // what ended at the time of a begin was not before it
			}
			return -1
		}
		return cmp.Compare(a.at(), b.at())
	})
	out := bufio.NewWriter(w)
	open := map[int]*Txn{}
	for i, e := range events {
		if before := open[e.Process]; !e.ends && before != nil {
			return fmt.Errorf("process %d began a transaction at %d, and had not ended that of %d", e.Process, e.Begin, before.Begin)
		}
		if open[e.Process] = e.Txn; e.ends {
			delete(open, e.Process)
		}
		if _, err := out.Write(e.appendMap(out.AvailableBuffer(), i, asJSON)); err != nil {
			return err
		}
	}
	return out.Flush()
}

func (e event) at() int64 {
	if e.ends {
		return e.End
	}
	return e.Begin
}

// appendMap appends the map of an event, with the end of its line.
func (e event) appendMap(dst []byte, index int, asJSON bool) []byte {
	kind := "invoke"
	if e.ends {
		kind = [...]string{Committed: "ok", Aborted: "fail"}[e.Outcome]
	}
	form := "{:index %d, :type :%s, :process %d, :f :txn, :value ["
	if asJSON {
		form = `{"index": %d, "type": "%s", "process": %d, "f": "txn", "value": [`
	}
	dst = fmt.Appendf(dst, form, index, kind, e.Process)
	for i, o := range e.Ops {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = e.appendOp(dst, o, asJSON)
	}
	return append(dst, "]}\n"...)
}

// appendOp appends an operation. Only the end of what committed has values of reads.
func (e event) appendOp(dst []byte, o Op, asJSON bool) []byte {
	o.Range = false
	if known := e.ends && e.Outcome == Committed; !known && (o.Kind == ReadList || o.Kind == ReadValue) {
		o = Op{Kind: ReadValue, Key: o.Key, Absent: true}
	}
	if asJSON {
		return appendOp(dst, &o)
	}
	first := len(dst)
	dst = appendOp(dst, &o)
	// JSON but for the name of the kind and nothing; commas are spaces.
	op := dst[first:]
	end := bytes.IndexByte(op[2:], '"') + 2
	edn := append([]byte("[:"), op[2:end]...)
	rest := op[end+1:]
	if o.Absent {
		rest = append(bytes.TrimSuffix(rest, []byte("null]")), "nil]"...)
	}
	return append(append(dst[:first], edn...), rest...)
}
