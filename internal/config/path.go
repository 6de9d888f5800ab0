package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// Path is the path of a file. A relative one has been joined to the directory of the
// configuration file by whoever read that. The file is read once, when it is first needed: a
// configuration goes on with what it was validated with, whatever becomes of the file. The zero
// Path names no file.
type Path struct {
	name string
	file *fileContent
}

// fileContent is what stood in a file.
type fileContent struct {
	once sync.Once
	data []byte
	err  error
}

// NewPath returns the path of a file that has not been read; an empty name names none.
func NewPath(name string) Path {
	if name == "" {
		return Path{}
	}
	return Path{name, &fileContent{}}
}

// String is the path itself.
func (p Path) String() string { return p.name }

// None tells whether no file is named.
func (p Path) None() bool { return p.name == "" }

// read does what ReadFile does, once.
func (p Path) read(kind string, most Bytes) ([]byte, error) {
	if p.file == nil {
		return ReadFile(p.name, kind, most)
	}
	p.file.once.Do(func() { p.file.data, p.file.err = ReadFile(p.name, kind, most) })
	return p.file.data, p.file.err
}

// ReadFile returns what stands in a regular file of at most so many bytes; kind names what it is to
// hold, such as "a PEM file". Its error says what to write instead.
func ReadFile(path, kind string, most Bytes) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read %q: %w; write the path of %s that the balancer may read", path, cause(err), kind)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q is no regular file; write the path of %s", path, kind)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read %q: %w; write the path of %s that the balancer may read", path, cause(err), kind)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read %q: %w", path, cause(err))
	}
	if len(data) > int(most) {
		return nil, fmt.Errorf("%q has more than %s; write the path of %s of at most %s", path, most, kind, most)
	}
	return data, nil
}

// cause leaves out the path, which the message has already.
func cause(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}
