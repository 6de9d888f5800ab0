package handover

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Program looks up anew the program that the process was started as: its file may have been
// replaced, which is the point. name is os.Args[0]: a path, or a name to be found in PATH.
func Program(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		// Whoever started the process may have given it a name that is no file's.
		path, err = lookUpExecutable(err)
	}
	if err != nil {
		return "", fmt.Errorf("find the program to start: %w", err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", fmt.Errorf("find the program to start: the working directory has gone: %w", err)
	}
	return path, nil
}

// lookUpExecutable returns cause if there is nothing at the path of the running program either.
func lookUpExecutable(cause error) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", cause
	}
	path, err := exec.LookPath(self)
	if err != nil {
		return "", cause
	}
	return path, nil
}
