package operate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	mostAside   = 5
	asideSuffix = ".damaged-"
	asideTime   = "20060102T150405Z"
)

// setAside keeps data, what a damaged file holds, in a file of its own beside it, and returns its
// path. Of older ones it leaves the newest four.
func setAside(path string, data []byte, now time.Time) (aside string, err error) {
	name := path + asideSuffix + now.UTC().Format(asideTime)
	aside = name
	for n := 2; ; n++ {
		if err = writeNew(aside, data); !errors.Is(err, fs.ErrExist) || n > mostAside+1 {
			break
		}
		aside = fmt.Sprintf("%s-%d", name, n)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return "", err
	case err != nil:
		return "", errors.Join(err, removeIfThere(aside))
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return "", err
	}
	pruneAside(path, aside)
	return aside, nil
}

// pruneAside removes the oldest files that setAside made beside path, newest excepted. One that
// cannot be removed harms nobody, and must not keep the balancer from its state.
func pruneAside(path, newest string) {
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return
	}
	var older []string
	for _, f := range files { // by name, and thereby by time
		stamp, found := strings.CutPrefix(f.Name(), filepath.Base(path)+asideSuffix)
		stamp, _, _ = strings.Cut(stamp, "-")
		if _, err := time.Parse(asideTime, stamp); found && err == nil && f.Name() != filepath.Base(newest) {
			older = append(older, filepath.Join(filepath.Dir(path), f.Name()))
		}
	}
	for _, name := range older[:max(0, len(older)-(mostAside-1))] {
		_ = os.Remove(name)
	}
}
