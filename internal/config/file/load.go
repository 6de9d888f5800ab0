// Package file reads a balancer's configuration from YAML. It refuses whatever it does not
// understand, and says for each fault in which line it is and what to write instead.
package file

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"gopkg.in/yaml.v3"

	"relais/internal/config"
)

// Load reads, completes and validates the configuration in the file at path. getenv answers for
// the variables that the file names, like os.LookupEnv. A file with bad content gives an error
// of type Faults; one that cannot be read gives an error that wraps the system's.
func Load(path string, getenv func(string) (string, bool)) (*config.Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; %s", path, err, readAdvice(err))
	}
	return Parse(path, data, getenv)
}

// Parse does what Load does with content that has been read already; name stands for it in the
// faults.
func Parse(name string, data []byte, getenv func(string) (string, bool)) (*config.Config, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	r := &report{file: name, lines: 1 + bytes.Count(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))}
	root := parse(data, r)
	if root == nil {
		return nil, r.faults()
	}
	cfg := decode(root, getenv, r)
	if len(r.found) > 0 {
		return nil, r.faults()
	}
	return cfg, nil
}

// decode turns the file's nodes into a valid configuration, or leaves faults in r.
func decode(root *yaml.Node, getenv func(string) (string, bool), r *report) *config.Config {
	top := (&resolver{getenv: getenv, report: r}).resolve(root)
	cfg := config.New()
	d := &decoder{report: r, positions: map[string]position{}, broken: map[string]bool{}}
	d.config(top, cfg)
	for _, f := range config.Validate(cfg) {
		d.invalid(f)
	}
	for _, b := range cfg.Backends {
		b.RetryOn = config.RetryEvents(b.RetryOn)
	}
	return cfg
}

func readAdvice(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "create it, or name another file with --config"
	case errors.Is(err, fs.ErrPermission):
		return "let the user that runs the balancer read it"
	}
	return "name a readable file with --config"
}
