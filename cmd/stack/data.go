package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// What the data directory holds.
const (
	lockFile     = "stack.lock"
	configFile   = "balancer.yml"
	socketFile   = "balancer.sock"
	databaseFile = "webapp.db"
)

// dataDir is the data directory, held by one stack at a time.
type dataDir struct {
	dir  string // as given
	path string // absolute
	lock *os.File
}

// openData makes the directory when it does not exist, and locks it until close.
func openData(dir string) (*dataDir, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find data directory: %w", err)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data directory: %w", err)
	}
	d := &dataDir{dir: dir, path: path, lock: lock}
	if err := d.take(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return d, nil
}

// take locks the file, which then says who has it. The lock ends with the process.
func (d *dataDir) take() error {
	err := syscall.Flock(int(d.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		pid, _ := os.ReadFile(d.lock.Name())
		return fmt.Errorf("data directory %s is in use by another stack (pid %s): stop that one, or choose another directory with --data",
			d.dir, printable(strings.TrimSpace(string(pid))))
	}
	if err != nil {
		return fmt.Errorf("lock data directory %s: %w", d.dir, err)
	}
	if err := d.lock.Truncate(0); err != nil {
		return fmt.Errorf("write %s: %w", d.lock.Name(), err)
	}
	if _, err := fmt.Fprintln(d.lock, os.Getpid()); err != nil {
		return fmt.Errorf("write %s: %w", d.lock.Name(), err)
	}
	return nil
}

func (d *dataDir) close() { _ = d.lock.Close() }

// writeConfig writes the balancer's configuration, whole or not at all.
func (d *dataDir) writeConfig(l layout, accessLog bool) error {
	if err := d.replace(configFile, balancerConfig(l, d.path, accessLog)); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Join(d.dir, configFile), err)
	}
	return nil
}

func (d *dataDir) replace(name, text string) error {
	temporary, err := os.CreateTemp(d.path, name+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // fails when all is well: it has been renamed
	_, err = temporary.WriteString(text)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), filepath.Join(d.path, name))
}
