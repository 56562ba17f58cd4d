package isolation

import (
	"encoding/json"
	"strconv"
)

// AppendJSON appends a transaction in the text format that [Read] reads, with the end of
// its line.
func AppendJSON(dst []byte, t Txn) []byte {
	dst = append(dst, `{"process": `...)
	dst = strconv.AppendInt(dst, int64(t.Process), 10)
	if t.Outcome != Committed {
		dst = append(append(append(dst, `, "outcome": "`...), t.Outcome.String()...), '"')
	}
	dst = strconv.AppendInt(append(dst, `, "begin": `...), t.Begin, 10)
	dst = strconv.AppendInt(append(dst, `, "end": `...), t.End, 10)
	if t.LSNs.Known {
		dst = strconv.AppendUint(append(dst, `, "read_lsn": `...), t.LSNs.Read, 10)
		if t.LSNs.Commit != 0 {
			dst = strconv.AppendUint(append(dst, `, "commit_lsn": `...), t.LSNs.Commit, 10)
		}
	}
	dst = append(dst, `, "ops": [`...)
	for i := range t.Ops {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = appendOp(dst, &t.Ops[i])
	}
	return append(dst, "]}\n"...)
}

func appendOp(dst []byte, o *Op) []byte {
	kind := [...]string{Append: "append", ReadList: "r", Write: "w", ReadValue: "r"}[o.Kind]
	key, _ := json.Marshal(o.Key) // a string has no error
	dst = append(append(append(dst, `["`...), kind...), `", `...)
	dst = append(append(dst, key...), ", "...)
	switch {
	case o.Kind == ReadList:
		dst = append(dst, '[')
		for i, v := range o.List {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = strconv.AppendInt(dst, v, 10)
		}
		dst = append(dst, ']')
	case o.Absent:
		dst = append(dst, "null"...)
	default:
		dst = strconv.AppendInt(dst, o.Value, 10)
	}
	if o.Range {
		dst = append(dst, `, "range"`...)
	}
	return append(dst, ']')
}
