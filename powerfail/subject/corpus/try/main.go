// Command try is the corpus as a binary: broken and mended programs for trying out a
// crash tool.
//
//	go build -o bin/try ./powerfail/subject/corpus/try
//	bin/lsmlab crash disk --workload-cmd "$PWD/bin/try no-file-sync workload" --check-cmd "$PWD/bin/try no-file-sync check"
package main

import (
	"os"

	"lsmlab/powerfail/subject/corpus"
)

func main() { os.Exit(corpus.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
