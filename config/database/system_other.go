//go:build !unix

package database

import (
	"errors"
	"syscall"
)

// The codes of Windows for a medium that is write protected, and a full one.
const (
	errReadOnlyFS = syscall.Errno(19)
	errNoSpace    = syscall.Errno(112)
)

func isErrno(err error, n syscall.Errno) bool { return errors.Is(err, n) }

// flushFolder: a folder cannot be flushed here; the file itself was.
func flushFolder(string) error { return nil }
