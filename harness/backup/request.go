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
	"lsmlab/harness/field"
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
	if err := r.check(); err != nil {
		return err
	}
	switch {
	case r.Server != "":
		var made Checkpoint
		made, err = ask(ctx, r.Server, r.Name)
		r.To, r.Engine = made.Dir, made.Engine
	default:
		err = Make(opener(cat, r.Engine, r.Data), r.To)
	}
	if err != nil {
		return &harness.UsageError{Text: fmt.Sprintf("backup: %v", err), Err: err}
	}
	if _, err := os.Stat(r.To); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(w, "%s, a store of %s, on the machine of the server: check it there\n", r.To, r.Engine)
		return nil
	}
	return report(w, "backup", r.To, r.Engine, start, CheckStore(opener(cat, r.Engine, r.To)))
}

// check refuses a request that is of neither kind, or of both. Its error is a [*field.Error].
func (r Request) check() error {
	switch {
	case r.Server == "" && r.Data == "":
		return wrong("data", "is not given, and no server either: want one of the two")
	case r.Server != "" && r.Data != "":
		return wrong("server", "is given beside data: want one of the two")
	case r.Data != "" && r.To == "":
		return wrong("to", "is not given: want a new directory for the copy")
	case r.Server != "" && r.To != "":
		return wrong("to", "is %s: a server makes the copy in its own directory for backups, so leave it out", r.To)
	case r.Server == "" && r.Name != "":
		return wrong("name", "is %s: only a server names its copies, so leave it out", r.Name)
	}
	return nil
}

// wrong returns the error of a field of a request.
func wrong(name, format string, args ...any) error {
	return field.Wrong("backup", name, format, args...)
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
		return &harness.UsageError{Text: fmt.Sprintf("%s: %v", command, err), Err: err}
	}
	fmt.Fprintf(w, "%s, a store of %s, sound; %.1f s\n", dir, engine, time.Since(start).Seconds())
	return nil
}
