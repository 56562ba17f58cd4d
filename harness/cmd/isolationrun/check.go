package isolationrun

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"lsmlab/harness"
	"lsmlab/powerfail/isolation"
	"lsmlab/powerfail/isolation/whitebox"
)

// Judged is the verdict on one file, as `lsmlab isolation check --json` prints it.
type Judged struct {
	File string `json:"file"`
	isolation.Verdict
	// ByLSNs is the evidence against the level that is demanded, if the history has LSNs.
	ByLSNs   *isolation.Anomaly `json:"by_lsns,omitempty"`
	unjudged bool               // by LSNs: a transaction has none
}

// Check judges the histories in files and prints the verdicts. If a level is demanded,
// "" being none, and a history refutes it, the error is [harness.ErrFinding].
func Check(w io.Writer, files []string, level string, asJSON bool) error {
	demanded := isolation.ReadUncommitted
	if level != "" {
		var err error
		if demanded, err = isolation.ParseLevel(level); err != nil {
			return usage("check: --level: %v", err)
		}
	}
	// Histories are large tables without pointers: the collector has little to do in
	// them, and garbage is what they grow by.
	defer debug.SetGCPercent(debug.SetGCPercent(50))
	refuted := 0
	for _, file := range files {
		h, v, err := isolation.CheckFile(file)
		if err != nil {
			return usage("check: %s: %v", file, err)
		}
		j := Judged{File: file, Verdict: v}
		if h.HasLSNs() && level != "" {
			j.ByLSNs, err = checkLSNs(file, demanded)
			if j.unjudged = errors.Is(err, whitebox.ErrNoLSNs); err != nil && !j.unjudged {
				return usage("check: %s: by LSNs: %v", file, err)
			}
		}
		if asJSON {
			err = json.NewEncoder(w).Encode(j)
		} else if err = v.Print(w, file, h); err == nil && h.HasLSNs() && level != "" {
			j.printLSNs(w, h, demanded)
		}
		if err != nil {
			return err
		}
		if level != "" && (v.Of(demanded).Refuted || j.ByLSNs != nil) {
			refuted++
		}
	}
	if refuted > 0 {
		return fmt.Errorf("%w: %s is refuted by %d of %d histories", harness.ErrFinding, demanded, refuted, len(files))
	}
	return nil
}

// checkLSNs judges the history in a file by the LSNs of its transactions.
func checkLSNs(file string, l isolation.Level) (*isolation.Anomaly, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	all, err := isolation.ReadTxns(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return whitebox.Check(all, l)
}

// printLSNs says what the LSNs have against a level.
func (j *Judged) printLSNs(w io.Writer, h *isolation.History, l isolation.Level) {
	switch {
	case j.unjudged:
		fmt.Fprintln(w, "by LSNs: not judged, as a transaction has none")
	case j.ByLSNs == nil:
		fmt.Fprintf(w, "by LSNs: %s is not refuted\n", l)
	default:
		j.ByLSNs.Print(w, h)
	}
}
