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
