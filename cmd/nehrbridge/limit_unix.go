//go:build unix

package main

import (
	"os/signal"
	"syscall"
)

// A file that may not grow any more (ulimit -f) is an error of the write, as a
// full disk is, and not the end of the program.
func init() { signal.Ignore(syscall.SIGXFSZ) }
