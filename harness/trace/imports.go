package trace

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"lsmlab/engines/kv"
)

// Formats lists the formats that [Import] reads.
var Formats = []string{"ycsb", "twitter"}

// Import reads a trace of another program from in into w. name is the file's, for errors,
// which say the line. It returns how many lines had no operation that a trace has.
func Import(format, name string, in io.Reader, w *Writer) (skipped int64, err error) {
	switch format {
	case "ycsb":
		return importYCSB(name, in, w)
	case "twitter":
		return importTwitter(name, in, w)
	}
	return 0, fmt.Errorf("format %q: want one of %s", format, strings.Join(Formats, ", "))
}

// maxLine bounds a line of YCSB's log, which has whole values.
const maxLine = kv.MaxValueSize + kv.MaxKeySize + 1<<16

// importYCSB reads what YCSB's basic binding prints: "READ table key [ fields ]", "UPDATE
// table key [ field=value ... ]", likewise INSERT, "DELETE table key", and "SCAN table key
// count [ fields ]". The log has no times, so all events have time 0. The size of a value
// is that of the text of its fields. Other lines are YCSB's own messages and are skipped.
func importYCSB(name string, in io.Reader, w *Writer) (skipped int64, err error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	line, offset := int64(0), int64(0)
	for lines.Scan() {
		line++
		text := lines.Text()
		e, ok, err := ycsbEvent(text)
		if err == nil && ok {
			err = w.Append(&e)
		}
		if err != nil {
			return skipped, fmt.Errorf("%s: line %d, offset %d: %w", name, line, offset, err)
		}
		if !ok {
			skipped++
		}
		offset += int64(len(text)) + 1
	}
	if err := lines.Err(); err != nil {
		return skipped, fmt.Errorf("%s: line %d, offset %d: %w", name, line+1, offset, err)
	}
	return skipped, nil
}

// ycsbEvent reads one line; ok is false if it is no operation.
func ycsbEvent(text string) (e Event, ok bool, err error) {
	operation, fields, _ := strings.Cut(strings.TrimRight(text, "\r"), "[")
	words := strings.Fields(operation)
	if len(words) == 0 {
		return e, false, nil
	}
	want := 3
	switch words[0] {
	case "READ":
		e.Kind = Get
	case "UPDATE", "INSERT":
		e.Kind, e.Size = Set, fieldBytes(fields)
	case "DELETE":
		e.Kind = Delete
	case "SCAN":
		e.Kind, want = Scan, 4
	default:
		return e, false, nil
	}
	if len(words) != want {
		return e, false, fmt.Errorf("%s with %d words before its fields, want %d", words[0], len(words), want)
	}
	if e.Key = []byte(words[2]); len(e.Key) > kv.MaxKeySize {
		return e, false, fmt.Errorf("a key of %d bytes, want at most %d", len(e.Key), kv.MaxKeySize)
	}
	if e.Kind == Scan {
		e.Entries, err = count(words[3], 1<<40)
	}
	return e, true, err
}

// fieldBytes returns the size of the fields of a write, "field0=text field1=text ]".
func fieldBytes(fields string) int {
	return min(len(strings.TrimSuffix(strings.TrimSpace(fields), "]")), kv.MaxValueSize)
}

// twitterOperations are those of Twitter's cache: reads, writes, and what only changes a
// value in place, which needs a write here.
var twitterOperations = map[string]Kind{
	"get": Get, "gets": Get, "set": Set, "add": Set, "replace": Set, "cas": Set, "append": Set, "prepend": Set,
	"incr": Set, "decr": Set, "delete": Delete,
}

// importTwitter reads a cache trace of Twitter (Yang, Yue, Rashmi, "A Large-scale Analysis
// of Hundreds of In-memory Key-value Cache Clusters at Twitter", OSDI 2020): timestamp in
// seconds, key, key size, value size, client, operation, TTL; no head. All events of one
// second have its time.
func importTwitter(name string, in io.Reader, w *Writer) (skipped int64, err error) {
	rows := csv.NewReader(in)
	rows.FieldsPerRecord = 7
	rows.ReuseRecord = true
	first := -1
	for {
		offset := rows.InputOffset()
		row, err := rows.Read()
		if err == io.EOF {
			return skipped, nil
		}
		ok := false
		if err == nil {
			ok, err = twitterEvent(row, &first, w)
		}
		if err != nil {
			var parse *csv.ParseError
			line := 0
			if errors.As(err, &parse) {
				line = parse.Line
			} else {
				line, _ = rows.FieldPos(0)
			}
			return skipped, fmt.Errorf("%s: line %d, offset %d: %w", name, line, offset, err)
		}
		if !ok {
			skipped++
		}
	}
}

// twitterEvent writes the event of a row; first is the time of the first row, -1 before.
func twitterEvent(row []string, first *int, w *Writer) (ok bool, err error) {
	second, err := count(row[0], math.MaxInt32*64)
	if err != nil {
		return false, fmt.Errorf("timestamp: %w", err)
	}
	size, err := count(row[3], kv.MaxValueSize)
	if err != nil {
		return false, fmt.Errorf("value size: %w", err)
	}
	kind, ok := twitterOperations[row[5]]
	if !ok {
		return false, nil
	}
	if len(row[1]) > kv.MaxKeySize {
		return false, fmt.Errorf("a key of %d bytes, want at most %d", len(row[1]), kv.MaxKeySize)
	}
	if *first < 0 {
		*first = second
	}
	if second < *first {
		return false, fmt.Errorf("timestamp %d is before the first, %d", second, *first)
	}
	e := Event{Kind: kind, At: time.Duration(min(second-*first, math.MaxInt32)) * time.Second, Key: []byte(row[1])}
	if kind != Delete {
		e.Size = size
	}
	return true, w.Append(&e)
}

func count(text string, most int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		return 0, fmt.Errorf("%.40q, want a number from 0 to %d", text, most)
	}
	return n, nil
}
