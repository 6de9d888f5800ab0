package config

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// Path is the path of a file. A relative one has been joined to the directory of the
// configuration file by whoever read that.
type Path string

// read returns what stands in a regular file of at most so many bytes; kind names what it is
// to hold, such as "a PEM file".
func (p Path) read(kind string, most Bytes) ([]byte, error) {
	info, err := os.Stat(string(p))
	if err != nil {
		return nil, fmt.Errorf("cannot read %q: %w; write the path of %s that the balancer may read", p, cause(err), kind)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q is no regular file; write the path of %s", p, kind)
	}
	f, err := os.Open(string(p))
	if err != nil {
		return nil, fmt.Errorf("cannot read %q: %w; write the path of %s that the balancer may read", p, cause(err), kind)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read %q: %w", p, cause(err))
	}
	if len(data) > int(most) {
		return nil, fmt.Errorf("%q has more than %s; write the path of %s of at most %s", p, most, kind, most)
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
