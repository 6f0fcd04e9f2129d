package main

import (
	"os"
	"os/signal"
	"syscall"
)

// onSecondSignal calls cut at the second interrupt or termination: the first
// one has the work come to its end, the second does not wait for it. A third
// ends the program as if nobody listened. stop ends the listening.
func onSecondSignal(cut func()) (stop func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ended := make(chan struct{})
	go func() {
		defer signal.Stop(signals)
		for range 2 {
			select {
			case <-signals:
			case <-ended:
				return
			}
		}
		cut()
	}()
	return func() { close(ended) }
}
