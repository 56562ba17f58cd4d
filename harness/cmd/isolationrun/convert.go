package isolationrun

import (
	"io"

	"lsmlab/powerfail/isolation"
)

// Convert prints the history in a file in another format: lines, edn or json.
func Convert(w io.Writer, file, format string) error {
	if format != "lines" && format != "edn" && format != "json" {
		return usage("convert: --to %q: want lines, edn or json", format)
	}
	if err := isolation.Convert(w, file, format); err != nil {
		return usage("convert: %v", err)
	}
	return nil
}
