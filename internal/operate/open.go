package operate

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Report is what Open has to tell, for the log.
type Report struct {
	Fault   error   // why the file is not used, or could not be written; what to do about it is in the text
	Lost    *Lost   // nil: the file was whole, or there was none
	Warning string  // about how the file is kept; empty: nothing
	Ended   []Order // whose end passed while no balancer ran
}

// Open returns a journal that keeps its state in the file of that path, and with an empty path in
// memory only. It always returns one: what is wrong with the file is in the report.
//
// A damaged file is kept aside, five at most, before it is written again, and its sound lines are
// used. A file that cannot be read or kept aside is never written: the journal then keeps its
// changes in memory, and Warning says so. One that cannot be written has the changes refused until
// it can be. No other process may have the file open, unless its journal is suspended.
func Open(path string) (*Journal, Report) {
	j := &Journal{wake: make(chan struct{}, 1)}
	s, report := newState(), Report{}
	if path == "" {
		j.unkept = "not kept over a restart: there is no state_file"
	} else {
		s, report = j.load(path)
	}
	j.current.Store(s)
	return j, report
}

func (j *Journal) load(path string) (*state, Report) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // so that a rename replaces the file and not the link
	}
	data, err := readFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		fault := fmt.Errorf("read state file %s: %w; changes are kept in memory only until the balancer is started with a state_file that it can read", path, cause(err))
		return newState(), Report{Fault: j.withoutFile(fault)}
	}
	s, report := newState(), Report{}
	if err == nil {
		now := time.Now()
		s, report.Lost = decode(data)
		report.Ended = s.begin(now)
		if report.Lost != nil && len(data) > 0 {
			if report.Lost.Aside, err = setAside(path, data, now); err != nil {
				fault := fmt.Errorf("keep damaged state file %s aside: %w; it is not written, and changes are kept in memory only, until it is moved away and the balancer restarted", path, cause(err))
				report.Fault = j.withoutFile(fault)
				return s, report
			}
		}
	}
	j.take(&file{path: path, held: data}, s, &report)
	return s, report
}

// take has the journal keep s in f, and writes it, which shows at the start whether it can. What
// has nothing to be mended is written as it is, newer versions' fields included.
func (j *Journal) take(f *file, s *state, report *Report) {
	j.file = f
	if f.held == nil || report.Lost != nil || len(report.Ended) > 0 {
		report.Fault = j.keep(s)
	} else {
		report.Fault = f.write(f.held)
	}
	if f.inPlace && report.Fault == nil {
		report.Warning = fmt.Sprintf("state file %s is written in place, which a crash can leave half done, because it is mounted by itself or its folder is closed to the balancer; mount the folder instead", f.path)
	}
}

// withoutFile has the journal keep nothing on disk, and returns why.
func (j *Journal) withoutFile(fault error) error {
	j.unkept = "not kept over a restart: " + fault.Error()
	return fault
}

// readFile returns what stands in a regular file that is no larger than a state file can be.
func readFile(path string) ([]byte, error) {
	// Without O_NONBLOCK a named pipe would have it wait for a writer.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	data, err := io.ReadAll(io.LimitReader(f, longestFile+1))
	if err == nil && len(data) > longestFile {
		err = fmt.Errorf("it has more than %d MB, so that it is another program's", longestFile>>20)
	}
	return data, err
}

// cause leaves out the path, which the message has already.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	if l, ok := errors.AsType[*os.LinkError](err); ok {
		return l.Err
	}
	return err
}
