//go:build unix

package changes

import (
	"os"
	"syscall"
)

// tryLock locks a file for as long as it is open, unless another process has.
func tryLock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	return err == nil, err
}
