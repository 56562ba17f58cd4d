// Package backup brings copies of stores back and checks them. The copies are made by
// [kv.Checkpointer], of a closed store or by a server while it serves.
package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"lsmlab/engines/kv"
)

// partial is the suffix of a directory that is being filled.
const partial = ".partial"

// Restore copies the backup to dir, which must not exist, and has check look at the
// copy before it gets its name. The copy shares no file with the backup, which is only
// read. It is durable when Restore returns. After an error, also that of ctx, dir is not
// there.
func Restore(ctx context.Context, backup, dir string, check func(dir string) error) (err error) {
	info, err := os.Stat(backup)
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "open", Path: backup, Err: errors.New("is no directory")}
	}
	if err != nil {
		return err
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = &fs.PathError{Op: "mkdir", Path: dir, Err: fs.ErrExist}
		}
		return err
	}
	filling := filepath.Clean(dir) + partial
	if err := os.Mkdir(filling, 0o755); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(filling))
		}
	}()
	if err := copyTree(ctx, backup, filling); err != nil {
		return err
	}
	if err := check(filling); err != nil {
		return err
	}
	if err := os.Rename(filling, dir); err != nil {
		return err
	}
	return syncDir(filepath.Dir(filling))
}

// copyTree copies the files and directories in from to the directory to, durably.
func copyTree(ctx context.Context, from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		source, target := filepath.Join(from, e.Name()), filepath.Join(to, e.Name())
		switch {
		case e.IsDir():
			if err = os.Mkdir(target, 0o755); err == nil {
				err = copyTree(ctx, source, target)
			}
		case e.Type().IsRegular():
			err = copyFile(ctx, source, target)
		default:
			err = &fs.PathError{Op: "copy", Path: source, Err: errors.New("is neither file nor directory")}
		}
		if err != nil {
			return err
		}
	}
	return syncDir(to)
}

func copyFile(ctx context.Context, from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	for {
		const part = 64 << 20 // bytes, between two looks at ctx
		_, err := io.CopyN(target, source, part)
		if errors.Is(err, io.EOF) {
			return target.Sync()
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Make copies the closed store that open opens to dir, which must not exist.
func Make(open func() (kv.Engine, error), dir string) error {
	e, err := open()
	if err != nil {
		return err
	}
	c, ok := e.(kv.Checkpointer)
	if !ok {
		return errors.Join(fmt.Errorf("%w: checkpoints", kv.ErrUnsupported), e.Close())
	}
	return errors.Join(c.Checkpoint(dir), e.Close())
}

// CheckStore reads the closed store that open opens as a whole: by its own checks, if it
// has some, and each entry.
func CheckStore(open func() (kv.Engine, error)) error {
	e, err := open()
	if err != nil {
		return err
	}
	return errors.Join(check(e), e.Close())
}

func check(e kv.Engine) error {
	if v, ok := e.(kv.Verifier); ok {
		if err := v.Verify(); err != nil {
			return fmt.Errorf("verify: %w", err)
		}
	}
	it := e.Scan(nil, nil)
	for ok := it.First(); ok; {
		ok = it.Next()
	}
	if err := it.Close(); err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	return nil
}
