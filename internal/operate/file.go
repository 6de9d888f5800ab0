package operate

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// file is the state file on disk. Its caller sees to it that one call runs at a time.
type file struct {
	path    string
	held    []byte // what it holds; nil: it does not exist
	inPlace bool   // the last put wrote over it, because it could not be replaced
}

// write has the file hold data, on disk, and on an error what it held before. The error says what
// to do.
func (f *file) write(data []byte) error {
	err := f.put(data)
	if err == nil {
		f.held = data
		return nil
	}
	fault := fmt.Errorf("write state file %s: %w; %s", f.path, cause(err), advice(err))
	if err := f.putBack(); err != nil {
		return fmt.Errorf("%w (and what it held could not be put back: %w)", fault, cause(err))
	}
	return fault
}

// put replaces the file, or where it cannot be replaced writes over it.
func (f *file) put(data []byte) error {
	if len(data) > longestFile {
		return fmt.Errorf("%w: %d bytes", errLarge, len(data))
	}
	err := replace(f.path, data)
	f.inPlace = f.held != nil && isIrreplaceable(err)
	if !f.inPlace {
		return err
	}
	return overwrite(f.path, data)
}

// putBack undoes a put that has failed halfway.
func (f *file) putBack() error {
	data, err := readFile(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && f.held != nil && bytes.Equal(data, f.held):
		return nil
	case f.held == nil:
		return os.Remove(f.path)
	case f.inPlace:
		return overwrite(f.path, f.held)
	}
	return replace(f.path, f.held)
}

var errLarge = errors.New("too many entries for one file")

// isIrreplaceable tells whether a file can only be written over, if at all: it is a mount of its
// own (EBUSY), as Compose makes it, or its folder takes no other file.
func isIrreplaceable(err error) bool {
	return errors.Is(err, syscall.EBUSY) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// advice says what an operator can do about a disk that refuses.
func advice(err error) string {
	switch {
	case errors.Is(err, errLarge):
		return "set back orders that are not needed any more"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "make room on that disk, then repeat it"
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return "let the balancer's user write the file and its folder, then repeat it"
	case errors.Is(err, fs.ErrNotExist):
		return "make its folder, then repeat it"
	}
	return "see to that disk, or name a state_file on another one"
}

// replace has a file hold data, or if it cannot, what it held before: whenever the machine stops,
// it is whole. It makes the file if need be, readable for its owner alone.
func replace(path string, data []byte) error {
	temp := path + ".new"
	// One that a crash has left would keep its mode, and a link would be followed.
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := writeNew(temp, data)
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return errors.Join(err, removeIfThere(temp))
	}
	return syncFolder(filepath.Dir(path))
}

// writeNew makes a file that must not exist.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return cmp.Or(err, f.Sync(), f.Close())
}

// overwrite has an existing file hold data.
func overwrite(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Truncate(int64(len(data)))
	}
	return cmp.Or(err, f.Sync(), f.Close())
}

// syncFolder has renames in a folder on disk. Some file systems have nothing to do for it, and
// say so by EINVAL.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
