package oracle

import (
	"strings"
	"testing"

	"lsmlab/engines/kv"
)

// write makes a write out of words: "k=v" sets, "-k" deletes.
func write(writer int, ops string, d kv.Durability, begin, ack int64) Write {
	var b kv.Batch
	for op := range strings.FieldsSeq(ops) {
		if key, ok := strings.CutPrefix(op, "-"); ok {
			b.Delete([]byte(key))
			continue
		}
		key, value, _ := strings.Cut(op, "=")
		b.Set([]byte(key), []byte(value))
	}
	return Write{Writer: writer, Batch: b.Bytes(), Durability: d, Begin: begin, Ack: ack}
}

// content makes sorted entries out of words "k=v".
func entries(words string) (out []Entry) {
	for word := range strings.FieldsSeq(words) {
		key, value, _ := strings.Cut(word, "=")
		out = append(out, Entry{[]byte(key), []byte(value)})
	}
	return out
}

func index(t testing.TB, h *History) *Index {
	t.Helper()
	x, err := h.Index()
	if err != nil {
		t.Fatal(err)
	}
	return x
}
