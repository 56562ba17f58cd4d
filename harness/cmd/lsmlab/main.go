// Lsmlab races, crashes, loads and draws storage-engine variants.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"lsmlab/harness/cmd/inventory"
)

func main() {
	os.Exit(run(signalContext(), inventory.Catalog(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// signalContext ends at Ctrl-C or SIGTERM; a second one ends the process at once,
// from before anything can see that the context has ended.
func signalContext() context.Context {
	ctx, end := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		signal.Stop(signals)
		end()
	}()
	return ctx
}
