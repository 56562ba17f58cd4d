// Lsmlab races, crashes, loads and draws storage-engine variants.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signalContext()
	defer stop()
	os.Exit(run(ctx, newCatalog(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// signalContext ends at Ctrl-C or SIGTERM; a second one ends the process at once.
func signalContext() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
