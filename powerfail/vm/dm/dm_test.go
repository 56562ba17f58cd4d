package dm

import (
	"encoding/binary"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A target is the kernel's struct dm_target_spec, its parameters ended by a zero
// and padded to eight bytes.
func TestEncodeTarget(t *testing.T) {
	b := encodeTarget(Target{Sectors: 2048, Type: "flakey", Params: "/dev/vdb 0 0 100000 1 drop_writes"})
	if len(b)%8 != 0 || len(b) <= unix.SizeofDmTargetSpec {
		t.Fatalf("%d bytes", len(b))
	}
	if start, length := binary.NativeEndian.Uint64(b), binary.NativeEndian.Uint64(b[8:]); start != 0 || length != 2048 {
		t.Errorf("start %d, length %d", start, length)
	}
	kind, params := string(b[24:unix.SizeofDmTargetSpec]), string(b[unix.SizeofDmTargetSpec:])
	if strings.TrimRight(kind, "\x00") != "flakey" || strings.TrimRight(params, "\x00") != "/dev/vdb 0 0 100000 1 drop_writes" || !strings.HasSuffix(params, "\x00") {
		t.Errorf("type %q, parameters %q", kind, params)
	}
}
