package ctl

import (
	"bytes"
	"io"
)

// lines passes on what others write as part of an answer: no empty line, which would end the
// answer, and with an end to the last line.
type lines struct {
	w    io.Writer
	open bool // in the middle of a line
}

func (l *lines) Write(p []byte) (int, error) {
	for part := range bytes.Lines(p) {
		if !l.open && part[0] == '\n' {
			continue
		}
		if _, err := l.w.Write(part); err != nil {
			return 0, err
		}
		l.open = part[len(part)-1] != '\n'
	}
	return len(p), nil
}

// end ends the last line.
func (l *lines) end() {
	if l.open {
		_, _ = l.w.Write([]byte("\n"))
		l.open = false
	}
}
