// Fetch downloads the pinned kernels that are not in the cache yet.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"lsmlab/powerfail/vm/kernel"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir, err := kernel.CacheDir()
	if err == nil {
		err = kernel.Fetch(ctx, dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "fetch:", err)
		os.Exit(2)
	}
}
