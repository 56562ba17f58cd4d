package kernel

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/u-root/u-root/pkg/cpio"
)

// Initramfs returns the archive that the kernel unpacks into memory and starts:
// init, the modules, and in /modules and /modules-later the order in which init
// loads them, at once and when it is first asked for what needs them. Where
// programs look for their loader, /lib64, is the library folder of the tools.
func Initramfs(init []byte, modules, later []Module) ([]byte, error) {
	records := []cpio.Record{
		cpio.Directory("dev", 0o755),
		cpio.Directory("lib", 0o755),
		cpio.Symlink("lib64", "tools/lib"),
		cpio.StaticFile("init", string(init), 0o755),
	}
	add := func(list string, modules []Module) {
		var order strings.Builder
		for _, m := range modules {
			file := "lib/" + m.Name + ".ko"
			fmt.Fprintf(&order, "/%s\n", file)
			records = append(records, cpio.StaticFile(file, string(m.Data), 0o644))
		}
		records = append(records, cpio.StaticFile(list, order.String(), 0o644))
	}
	add("modules", modules)
	add("modules-later", later)

	var archive bytes.Buffer
	w := cpio.Newc.Writer(&archive)
	if err := cpio.WriteRecordsAndDirs(w, records); err != nil {
		return nil, fmt.Errorf("initramfs: %w", err)
	}
	if err := cpio.WriteTrailer(w); err != nil {
		return nil, fmt.Errorf("initramfs: %w", err)
	}
	return archive.Bytes(), nil
}
