package file

import "bytes"

// source is one of the files that a configuration is read from.
type source struct {
	*report
	name  string // as it is shown: as it was given, or joined to the folder of the file that includes it
	order int    // among all that are read
	lines int    // that it has
}

// spot is a line of a source.
type spot struct {
	in   *source
	line int // from 1
}

func newSource(r *report, name string, order int, data []byte) *source {
	return &source{report: r, name: name, order: order, lines: 1 + bytes.Count(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))}
}

func (s *source) at(line int) spot { return spot{s, line} }

// fault reports a fault in a line of s.
func (s *source) fault(line int, format string, args ...any) {
	s.report.fault(s.at(line), format, args...)
}
