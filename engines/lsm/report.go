package lsm

import (
	"encoding/json"
	"fmt"
	"io"
)

// MarshalJSON writes the report with its findings as texts.
func (r Report) MarshalJSON() ([]byte, error) {
	type report Report // without this method
	texts := struct {
		report
		Findings []string
	}{report: report(r)}
	for _, f := range r.Findings {
		texts.Findings = append(texts.Findings, f.Error())
	}
	return json.Marshal(texts)
}

// Print prints the report for people.
func (r Report) Print(w io.Writer) error {
	fmt.Fprintf(w, "%d tables, %d bytes, %d entries; LSN %d in tables, %d the newest, %d WAL records between\n",
		r.Tables, r.TableBytes, r.Entries, r.FlushedSeq, r.LastSeq, r.WALRecords)
	if r.WALTail != "" {
		fmt.Fprintf(w, "torn tail (never synced, no damage): %s\n", r.WALTail)
	}
	if r.WALSkipped > 0 {
		fmt.Fprintf(w, "%d unreadable places in the WAL, all of LSNs that tables hold (no damage)\n", r.WALSkipped)
	}
	for _, o := range r.Orphans {
		fmt.Fprintf(w, "orphan (removed at the next open, no damage): %s\n", o)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(w, "DAMAGE: %v\n", f)
	}
	if len(r.Findings) > 0 {
		return nil
	}
	_, err := fmt.Fprintln(w, "sound")
	return err
}
