package isolation

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"lsmlab/engines/testseed"
)

// collect returns the transactions of a history.
func collect(t *testing.T, text string) []Txn {
	t.Helper()
	var all []Txn
	if err := Scan(strings.NewReader(text), func(txn Txn) error {
		txn.Ops = append([]Op(nil), txn.Ops...)
		for i := range txn.Ops {
			txn.Ops[i].List = append([]int64(nil), txn.Ops[i].List...)
		}
		all = append(all, txn)
		return nil
	}); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return all
}

// TestElleForms reads one history in the notations that Jepsen and Elle have had.
func TestElleForms(t *testing.T) {
	want := []Txn{
		{Process: 0, Begin: 1, End: 3, Ops: []Op{{Kind: Append, Key: "x", Value: 1}}},
		{Process: 1, Begin: 2, End: 4, Ops: []Op{{Kind: ReadList, Key: "x", List: []int64{1}}, {Kind: ReadList, Key: "y"}}},
		{Process: 0, Begin: 5, Outcome: Aborted, End: 6, Ops: []Op{{Kind: Append, Key: "x", Value: 2}}},
		{Process: 2, Begin: 8, Outcome: Unknown, End: 9, Ops: []Op{{Kind: Append, Key: "y", Value: 1}}},
		{Process: 3, Begin: 10, Outcome: Unknown, End: 10, Ops: []Op{{Kind: Append, Key: "y", Value: 2}}},
	}
	maps := `{:type :invoke, :f :txn, :value [[:append :x 1]], :process 0, :time 10, :index 0}
{:type :invoke, :f :txn, :value [[:r :x nil] [:r :y nil]], :process 1, :time 11, :index 1}
{:type :ok, :f :txn, :value [[:append :x 1]], :process 0, :time 12, :index 2} ; a comment
{:type :ok, :f :txn, :value [[:r :x [1]] [:r :y nil]], :process 1, :time 13, :index 3}
{:type :invoke, :f :txn, :value [[:append :x 2]], :process 0, :index 4}
{:type :fail, :f :txn, :value [[:append :x 2]], :process 0, :error [:duplicate-key "a \"b\""], :index 5}
{:type :info, :f :start, :process :nemesis, :value nil, :index 6}
{:type :invoke, :f :txn, :value [[:append :y 1] [:r :x nil]], :process 2, :index 7}
{:type :info, :f :txn, :value [[:append :y 1] [:r :x nil]], :process 2, :error :timeout, :index 8}
{:type :invoke, :f :txn, :value [[:append :y 2]], :process 3, :index 9}
`
	json := strings.NewReplacer(" ; a comment", "", `[:duplicate-key "a \"b\""]`, `"no"`, ":nemesis", `"nemesis"`, "nil", "null").Replace(maps)
	for _, word := range []string{"invoke", "ok", "fail", "info", "txn", "append", "r", "x", "y", "start", "timeout"} {
		json = strings.ReplaceAll(strings.ReplaceAll(json, ":"+word+" ", `"`+word+`", `), ":"+word+"]", `"`+word+`"]`)
		json = strings.ReplaceAll(json, ":"+word+",", `"`+word+`",`)
	}
	for _, field := range []string{"type", "f", "value", "process", "time", "index", "error"} {
		json = strings.ReplaceAll(json, ":"+field+" ", `"`+field+`": `)
	}
	json = strings.NewReplacer(`"type", `, `"type": `, "] [", "], [").Replace(json)
	for name, text := range map[string]string{
		"maps": maps, "a vector": "[" + maps + "]", "records": strings.ReplaceAll(maps, "{", "#jepsen.history.Op{"), "JSON": json,
		"a JSON array": "[" + strings.ReplaceAll(strings.TrimSpace(json), "\n", ",") + "]",
	} {
		if got := collect(t, text); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%+v, want\n%+v\n%s", name, got, want, text)
		}
	}
}

// TestElleRefuses: what is no history is told with its place.
func TestElleRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"{:type :ok, :process 0, :value []}":                                          "did not invoke",
		"{:type :invoke, :process 0, :value []}{:type :invoke, :process 0 :value []}": "while it has one",
		"{:type :invoke, :process 0, :value 3}":                                       "want operations",
		"{:type :maybe, :process 0, :value []}":                                       ":type maybe",
		"\n{:type :invoke, :process 0, :value [[:put 1 2]]}":                          "line 2: operation 0",
		"{:type :invoke, :process 0, :value [[:append 1 x]]}":                         "whole number",
		"{:type :invoke, :process 0":                                                  "line 1: the end",
		"{:type :invoke, :process 0]":                                                 `want '}' first`,
		"{:type}":                                                                     "no value",
		"{:a \"b":                                                                     "within a string",
		"{:a " + strings.Repeat("[", 1000):                                            "64 deep",
		"{:a " + strings.Repeat("#_ ", 1000):                                          "64 deep",
		"[7]":                                                                         "want a map",
		`[{"type": "invoke", "process": 0, "value": 3}]`:                              "element 0: :value 3",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", text, err, want)
		}
	}
}

// TestWriters writes random histories in every form that there is, and reads them again.
func TestWriters(t *testing.T) {
	rng := testseed.Rand(t)
	for range 200 {
		all := someHistory(rng, 2+rng.IntN(6), form{final: true})
		for i := range all { // a clock whose positions are all different, and processes of one transaction
			all[i].Process, all[i].Begin, all[i].End = i, all[i].Begin*100+int64(i), all[i].End*100+50+int64(i)
		}
		verdict := func(text []byte) Verdict {
			h, err := Read(bytes.NewReader(text))
			if err != nil {
				t.Fatalf("%v:\n%s", err, text)
			}
			v, err := Check(h)
			if err != nil {
				t.Fatalf("%v:\n%s", err, text)
			}
			return v
		}
		var lines []byte
		for _, txn := range all {
			lines = AppendJSON(lines, txn)
		}
		want := verdict(lines)
		for _, asJSON := range []bool{false, true} {
			var out bytes.Buffer
			if err := writeElle(&out, all, asJSON); err != nil {
				t.Fatal(err)
			}
			got := verdict(out.Bytes())
			for l := range got.Levels {
				if got.Levels[l].Refuted != want.Levels[l].Refuted {
					t.Fatalf("%s: refuted %v in what Elle reads, %v in lines:\n%s\n%s", Level(l), got.Levels[l].Refuted, want.Levels[l].Refuted, out.Bytes(), lines)
				}
			}
		}
	}
	same := []Txn{{Begin: 1, End: 5}, {Begin: 2, End: 3}}
	if err := writeElle(&bytes.Buffer{}, same, false); err == nil || !strings.Contains(err.Error(), "process 0 began") {
		t.Errorf("two transactions of a process at a time: %v", err)
	}
}
