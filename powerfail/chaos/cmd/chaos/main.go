// Command chaos writes fault files as resources of Chaos Mesh, and tells which
// resources have no effect.
package main

import (
	"fmt"
	"os"
)

func main() {
	cmd := newCommand()
	if err := cmd.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}
