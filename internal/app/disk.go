package app

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"relais/internal/config"
	"relais/stats"
)

// lookInterval is how often the configuration on disk is looked at.
const lookInterval = 5 * time.Second

// disk knows whether a restart would find a sound configuration, and how reloads went.
type disk struct {
	load func() (*config.Config, error)

	mu          sync.Mutex
	seen        string         // what the files looked like when they were read last
	read        *config.Config // what was there, the last time that it was valid; nil: what is in force
	fault       string         // why what is there would be refused; empty: it would not
	fingerprint string         // of what is there
	inForce     string         // the fingerprint of what runs
	refused     string         // why the last reload was
	reloads     uint64
	failures    uint64
}

// begun takes note of what the balancer was started with.
func (d *disk) begun(cfg *config.Config) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inForce = cfg.Fingerprint()
}

// reloaded takes note of how a reload went.
func (d *disk) reloaded(fingerprint string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil {
		d.inForce, d.fingerprint, d.fault = fingerprint, fingerprint, ""
		d.reloads, d.refused = d.reloads+1, ""
	} else {
		d.failures, d.refused = d.failures+1, err.Error()
	}
	d.seen = "" // look again
}

// undone takes note that a configuration is in force again that was so before the last reload.
func (d *disk) undone(fingerprint string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inForce = fingerprint
}

// look reads the configuration if its files have changed, and tells whether it has become unsound
// or sound.
func (d *disk) look(inForce *config.Config) (fault string, news bool) {
	d.mu.Lock()
	seen, before, read := d.seen, d.fault, cmp.Or(d.read, inForce)
	d.mu.Unlock()
	now := looks(read)
	if now == seen && before == "" {
		return "", false
	}
	cfg, err := d.load()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen, d.fault = now, ""
	if err != nil {
		d.fault = err.Error()
	} else {
		d.fingerprint, d.read = cfg.Fingerprint(), cfg
	}
	return d.fault, d.fault != before
}

// describe tells an admin about it.
func (d *disk) describe(p *stats.Process) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p.ConfigHash, p.ConfigFault = d.inForce, d.fault
	p.ConfigPending = d.fault == "" && d.fingerprint != "" && d.fingerprint != d.inForce
	p.ReloadFault, p.Reloads, p.ReloadFailures = d.refused, d.reloads, d.failures
}

// looks says what can be seen of the files of a configuration without reading them.
func looks(cfg *config.Config) string {
	var b strings.Builder
	paths := []string{}
	for _, source := range cfg.Sources {
		paths = append(paths, source.Name, filepath.Dir(source.Name))
	}
	for _, path := range cfg.Paths() {
		paths = append(paths, path.String())
	}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			fmt.Fprintln(&b, path, info.Size(), info.ModTime().UnixNano(), info.Mode())
		} else {
			fmt.Fprintln(&b, path, errors.Unwrap(err))
		}
	}
	return b.String()
}

// watchDisk says when what is on disk would not start any more.
func (a *App) watchDisk(ctx context.Context) {
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		a.lookAtDisk()
	}
}

// lookAtDisk finds out what is on disk now, and says so if that is news.
func (a *App) lookAtDisk() {
	switch fault, news := a.disk.look(a.cfg.Load()); {
	case news && fault != "":
		a.log.Warn().Str("config", a.file).Str("fault", fault).Msg("the configuration on disk is not valid: a restart would fail; what runs is not concerned")
	case news:
		a.log.Info().Str("config", a.file).Msg("the configuration on disk is valid again")
	}
}

// keepGood keeps what has just come into force aside, for the day when nobody knows what ran.
func (a *App) keepGood(cfg *config.Config) {
	if cfg.StateFile == "" {
		return
	}
	if err := writeGood(cfg.StateFile+".last-good", cfg); err != nil {
		a.log.Warn().Err(err).Msg("the configuration in force could not be kept aside")
	}
}

// writeGood writes the sources of a configuration into a folder, in the place of those that are
// there. Beside them are links to the files that they name relative to their own folder.
func writeGood(dir string, cfg *config.Config) error {
	fresh := dir + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	root := filepath.Dir(cfg.Sources[0].Name)
	for _, source := range cfg.Sources {
		name, err := filepath.Rel(root, source.Name)
		if err != nil || !filepath.IsLocal(name) {
			name = filepath.Base(source.Name)
		}
		path := filepath.Join(fresh, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, source.Data, 0o600); err != nil {
			return err
		}
	}
	for _, path := range cfg.Paths() {
		if err := link(fresh, root, path.String()); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Rename(fresh, dir)
}

// link makes a file below root appear at the same place below dir.
func link(dir, root, file string) error {
	name, err := filepath.Rel(root, file)
	if err != nil || !filepath.IsLocal(name) {
		return nil // it is not named relative to the folder, or the same from everywhere
	}
	target, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.Symlink(target, path); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// missed says how a change may not be seen in here; empty: every change is.
func missed(sources []config.Source) string {
	if !slices.ContainsFunc(sources, func(s config.Source) bool { return mountedAlone(s.Name) }) {
		return ""
	}
	return "The file is mounted alone: an editor or git that puts another file in its place is not seen in here. Mount its folder, or write into the file itself."
}

// mountedAlone tells whether a file is a mount of its own, such as a single file of Compose: then
// what an editor puts in its place is not seen in here.
func mountedAlone(path string) bool {
	path, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	mounts, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return false
	}
	defer mounts.Close()
	for lines := bufio.NewScanner(mounts); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 4 && unescapeMount(fields[4]) == path {
			return true
		}
	}
	return false
}

// unescapeMount undoes what the kernel does to spaces and the like in /proc/self/mountinfo.
func unescapeMount(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// words is the whole story of a reload for whoever asked for it.
func (a *App) words(done Reloaded) string {
	if done.Unchanged {
		text := fmt.Sprintf("Nothing has changed: %s is what runs (%s).", a.file, done.Fingerprint)
		if hint := missed(a.cfg.Load().Sources); hint != "" {
			text += "\n" + hint
		}
		return text
	}
	text := fmt.Sprintf("Reloaded: %s is in force (%s, generation %d).", a.file, done.Fingerprint, done.Generation)
	for _, dropped := range done.Dropped {
		text += "\n" + dropped
	}
	return text
}
