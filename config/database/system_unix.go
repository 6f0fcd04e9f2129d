//go:build unix

package database

import (
	"errors"
	"syscall"
)

const (
	errReadOnlyFS = syscall.EROFS
	errNoSpace    = syscall.ENOSPC
)

func isErrno(err error, n syscall.Errno) bool { return errors.Is(err, n) }

// flushFolder makes a new name in a folder survive a loss of power.
func flushFolder(dir string) error { return flush(dir) }
