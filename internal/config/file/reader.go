package file

import (
	"bytes"

	"relais/internal/config"
)

// reader reads the files of one configuration.
type reader struct {
	*report
	lookup    func(string) (string, bool)
	sources   []config.Source
	variables map[string]string // of the environment, those that the files name
	copied    int               // nodes that stand where an alias was, in all files
	included  config.Bytes      // the size of all files but the first
}

// read returns what stands in data, the content of the file name, nil after a fault. A file
// without a value is null.
func (r *reader) read(name string, data []byte) *node {
	s := newSource(r.report, name, len(r.sources), data)
	r.sources = append(r.sources, config.Source{Name: name, Data: data})
	root, ok := parse(bytes.TrimPrefix(data, []byte("\ufeff")), s)
	switch {
	case !ok:
		return nil
	case root == nil:
		return &node{line: s.at(1), null: true}
	}
	return (&resolver{source: s, files: r}).resolve(root)
}

// getenv answers for a variable, and remembers what it held.
func (r *reader) getenv(name string) (value string, set bool) {
	if value, set = r.lookup(name); set {
		r.variables[name] = value
	}
	return value, set
}
