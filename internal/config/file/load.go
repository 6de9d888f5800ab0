// Package file reads a balancer's configuration from YAML. It refuses whatever it does not
// understand, and says for each fault in which line it is and what to write instead.
package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"relais/internal/config"
)

// Load reads, completes and validates the configuration in the file at path and in those that it
// includes, each of which is read once. getenv answers for the variables that they name, like
// os.LookupEnv. Bad content gives an error of type Faults; a file at path that cannot be read gives
// an error that wraps the system's.
func Load(path string, getenv func(string) (string, bool)) (*config.Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; %s", path, err, readAdvice(err))
	}
	return Parse(path, data, getenv)
}

// Parse does what Load does with content that has been read already; name stands for it in the
// faults, and what it includes and names is looked for beside it.
func Parse(name string, data []byte, getenv func(string) (string, bool)) (*config.Config, error) {
	files := &reader{report: &report{}, lookup: getenv, variables: map[string]string{}}
	cfg := config.New()
	if top := files.read(name, data); top != nil {
		decode(top, files, cfg)
	}
	if len(files.found) > 0 {
		return nil, files.faults()
	}
	return cfg, nil
}

// decode turns the main file, and what it includes, into a valid configuration, or leaves faults
// in the report of files.
func decode(top *node, files *reader, cfg *config.Config) {
	d := &decoder{reader: files, positions: map[string]position{}, broken: map[string]bool{}}
	d.config(top, cfg)
	cfg.Sources, cfg.Variables = files.sources, files.variables
	for _, f := range config.Validate(cfg) {
		d.invalid(f)
	}
	if len(d.found) == 0 {
		complete(cfg)
	}
}

// complete writes what has short forms in full. cfg is valid.
func complete(cfg *config.Config) {
	for _, b := range cfg.Backends {
		b.RetryOn = config.RetryEvents(b.RetryOn)
	}
	for i, server := range cfg.Resolvers.Nameservers {
		if address, err := config.ParseNameserver(server); err == nil {
			cfg.Resolvers.Nameservers[i] = address.String()
		}
	}
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
