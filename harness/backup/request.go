package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness"
)

// Request is what is asked of `lsmlab backup`: a copy of a closed store, or of one that a
// server serves.
type Request struct {
	Engine, Data, To string // of a closed store: its engine and directory, and that of the copy
	Server, Name     string // the admin address of a server, and the name of the copy there
}

// Run makes the copy, reads it as a whole, and says on w where it is. A damaged copy is
// [harness.ErrFinding].
func (r Request) Run(ctx context.Context, cat harness.Catalog, w io.Writer) (err error) {
	start := time.Now()
	switch {
	case (r.Server == "") == (r.Data == ""), r.Data != "" && r.To == "", r.Data == "" && r.To != "", r.Server == "" && r.Name != "":
		err = errors.New("want either --data and --to, or --server and maybe --name")
	case r.Server != "":
		var made Checkpoint
		made, err = ask(ctx, r.Server, r.Name)
		r.To, r.Engine = made.Dir, made.Engine
	default:
		err = Make(opener(cat, r.Engine, r.Data), r.To)
	}
	if err != nil {
		return &harness.UsageError{Text: fmt.Sprintf("backup: %v", err)}
	}
	if _, err := os.Stat(r.To); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(w, "%s, a store of %s, on the machine of the server: check it there\n", r.To, r.Engine)
		return nil
	}
	return report(w, "backup", r.To, r.Engine, start, CheckStore(opener(cat, r.Engine, r.To)))
}

// Bring brings the backup of an engine's store back to dir, which must not exist, and says
// so on w. A damaged backup is [harness.ErrFinding].
func Bring(ctx context.Context, cat harness.Catalog, w io.Writer, engine, backup, dir string) error {
	start := time.Now()
	err := Restore(ctx, backup, dir, func(dir string) error { return CheckStore(opener(cat, engine, dir)) })
	return report(w, "restore", dir, engine, start, err)
}

// opener opens a store that is there: engines make one that is not.
func opener(cat harness.Catalog, engine, dir string) func() (kv.Engine, error) {
	return func() (kv.Engine, error) {
		if _, err := os.Stat(dir); err != nil {
			return nil, err
		}
		return cat.Open(engine, dir, harness.OpenOptions{})
	}
}

func report(w io.Writer, command, dir, engine string, start time.Time, err error) error {
	switch {
	case errors.Is(err, kv.ErrCorrupt):
		return fmt.Errorf("%w: %s: %w", harness.ErrFinding, command, err)
	case err != nil:
		return &harness.UsageError{Text: fmt.Sprintf("%s: %v", command, err)}
	}
	fmt.Fprintf(w, "%s, a store of %s, sound; %.1f s\n", dir, engine, time.Since(start).Seconds())
	return nil
}
