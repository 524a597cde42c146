//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock keeps a second `up` or `down` out until the returned function is called, or this process ends.
func lock() (unlock func(), err error) {
	if err := os.MkdirAll(stateDir, 0o755); err != nil {
		return nil, err
	}
	folder, err := os.Open(stateDir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		folder.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.New("another `lab up` or `lab down` is running: wait for it to end")
		}
		return nil, fmt.Errorf("locking %s: %w", stateDir, err)
	}
	return func() { folder.Close() }, nil
}
