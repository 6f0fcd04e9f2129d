package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	// The zones of the world, for machines that have none installed.
	_ "time/tzdata"
)

func main() {
	wholeProcess = true
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal drains. What drains for long listens for a second one
	// that cuts it; where nobody listens the second ends the program at once.
	context.AfterFunc(ctx, stop)
	code := run(ctx, os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr, os.Environ()})
	stop()
	os.Exit(code)
}
