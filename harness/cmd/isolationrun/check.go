package isolationrun

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"

	"lsmlab/harness"
	"lsmlab/powerfail/isolation"
)

// Judged is the verdict on one file, as `lsmlab isolation check --json` prints it.
type Judged struct {
	File string `json:"file"`
	isolation.Verdict
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
		if asJSON {
			err = json.NewEncoder(w).Encode(Judged{file, v})
		} else {
			err = v.Print(w, file, h)
		}
		if err != nil {
			return err
		}
		if level != "" && v.Of(demanded).Refuted {
			refuted++
		}
	}
	if refuted > 0 {
		return fmt.Errorf("%w: %s is refuted by %d of %d histories", harness.ErrFinding, demanded, refuted, len(files))
	}
	return nil
}
