// Package corpus has small programs with the mistakes of real storage code, for trying
// out crash tools. Each kind is a store of a few dozen lines in two forms: a broken
// one, and a mended one, which differs only in the mistake.
//
// The stores know no tool. They are run like a person's own program, by
//
//	corpus KIND[-mended] workload|reopen|check DIR
//
// [Run] is that program. The command in powerfail/subject/corpus/try is a binary of it,
// and a test binary can run it when its first argument says so.
package corpus

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Kind is one mistake.
type Kind struct {
	Name  string
	About string // what is wrong, in a line
	// Journal says that the journal of ext4 hides the mistake, so that only a model of
	// files shows it.
	Journal bool
	// Needs is what must be given, beside workload and check, for the mistake to show:
	// a flag of crash disk such as "--reopen-cmd" (the command is then "reopen"), or
	// "".
	Needs string

	make func(mended bool) store
}

// store is one program, broken or mended.
type store interface {
	// workload writes in dir and acknowledges what must survive.
	workload(dir string, ack func(id string)) error
	// check says what is wrong in dir, where acked must be found, or nil.
	check(dir string, acked []string) error
}

// reopener is a store that does something when it is opened after a crash.
type reopener interface {
	reopen(dir string, ack func(id string)) error
}

// Kinds returns all kinds.
func Kinds() []Kind { return slices.Clone(kinds) }

var kinds = []Kind{
	{Name: "no-file-sync", About: "the log is never synced", make: func(m bool) store { return noFileSync{m} }},
	{Name: "ack-before-sync", About: "acknowledges, then syncs", make: func(m bool) store { return ackBeforeSync{m} }},
	{Name: "ack-in-memory", About: "acknowledges what is still in its own buffer", make: func(m bool) store { return ackInMemory{m} }},
	{Name: "wrong-file-sync", About: "syncs the index twice instead of index and values", make: func(m bool) store { return wrongFileSync{m} }},
	{Name: "sync-before-last-write", About: "writes the commit record after the sync", make: func(m bool) store { return syncBeforeLastWrite{m} }},
	{Name: "no-dir-sync", About: "syncs new files, and never their directory", Journal: true, make: func(m bool) store { return noDirSync{m} }},
	{Name: "rename-unsynced", About: "renames a snapshot into place without a sync of its content", make: func(m bool) store { return renameUnsynced{m} }},
	{Name: "rename-no-dir-sync", About: "replaces a file by rename, and does not sync the directory", make: func(m bool) store { return renameNoDirSync{m} }},
	{Name: "truncate-rewrite", About: "empties its only file and writes it again", make: func(m bool) store { return truncateRewrite{m} }},
	{Name: "delete-before-durable", About: "removes the old log before the compacted one is synced", make: func(m bool) store { return deleteBeforeDurable{m} }},
	{Name: "torn-tail-refused", About: "does not open a log that ends within a record", make: func(m bool) store { return tornTailRefused{m} }},
	{Name: "torn-tail-append", About: "appends behind half a record, where it never reads", make: func(m bool) store { return tornTailAppend{m} }},
	{Name: "zeros-are-records", About: "takes zeros for empty records: the checksum of nothing is 0", make: func(m bool) store { return zerosAreRecords{m} }},
	{Name: "exact-boundary", About: "a batch is two records: a log may end between them", make: func(m bool) store { return exactBoundary{m} }},
	{Name: "header-torn", About: "a header of several sectors is written in place, without a checksum", make: func(m bool) store { return headerTorn{m} }},
	{Name: "mmap-torn", About: "mapped slots are written in place, without a checksum", make: func(m bool) store { return mmapTorn{m} }},
	{Name: "size-before-data", About: "the count is durable before the data that it counts", make: func(m bool) store { return sizeBeforeData{m} }},
	{Name: "stale-log", About: "a log is used again, and records of its last use count", make: func(m bool) store { return staleLog{m} }},
	{Name: "recovery-unsynced", About: "what opening rewrites is not synced before the old log goes", Needs: "--reopen-cmd", make: func(m bool) store { return recoveryUnsynced{m} }},
	{Name: "failed-append-left", About: "leaves what a failed append has written, and goes on behind it", Needs: "--fail=enospc:48K", make: func(m bool) store { return failedAppendLeft{m} }},
	{Name: "sync-error-ignored", About: "takes a sync that failed for one that did not", Needs: "--fail=sync:5", make: func(m bool) store { return syncErrorIgnored{m} }},
}

// mended is the end of the name of the mended form.
const mended = "-mended"

// Run is the program. It returns the exit status: 0 for success, 1 if the check or the
// store failed, 2 for wrong use.
func Run(args []string, in io.Reader, out, trouble io.Writer) int {
	if len(args) != 3 {
		fmt.Fprintf(trouble, "%d arguments: want KIND[%s] workload|reopen|check DIR\n", len(args), mended)
		return 2
	}
	name, twin := strings.CutSuffix(args[0], mended)
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		fmt.Fprintf(trouble, "no kind %q\n", name)
		return 2
	}
	if err := run(kinds[i].make(twin), args[1], args[2], in, out); err != nil {
		fmt.Fprintln(trouble, err)
		return 1
	}
	return 0
}

func run(s store, what, dir string, in io.Reader, out io.Writer) error {
	ack := func(id string) { fmt.Fprintln(out, "ack", id) }
	switch what {
	case "workload":
		return s.workload(dir, ack)
	case "reopen":
		if r, ok := s.(reopener); ok {
			return r.reopen(dir, ack)
		}
		return nil
	case "check":
		acked, err := io.ReadAll(in)
		if err != nil {
			return err
		}
		return s.check(dir, strings.Fields(string(acked)))
	}
	return fmt.Errorf("no command %q", what)
}
