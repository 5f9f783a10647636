package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// lockPatience is for commands that end in a moment, and for the lock of one that
// was killed: what it had just forked holds it until it is executed.
const lockPatience = 3 * time.Second

// lock keeps two commands from changing one instance at the same time. The
// kernel lets go of it when its holder dies, however that dies.
func (i *Instance) lock() (unlock func(), err error) {
	if err := os.MkdirAll(i.dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the bench's folder: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(i.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock the bench: %w", err)
	}
	deadline := time.Now().Add(lockPatience)
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	for errors.Is(err, syscall.EWOULDBLOCK) && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errors.New("another `bench` command is at work on it; wait for it to end")
	}
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("lock the bench: %w", err)
	}
	return func() { _ = file.Close() }, nil
}
