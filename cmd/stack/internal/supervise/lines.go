package supervise

import (
	"bytes"
	"strings"
)

// maxLine bounds what is kept of one line, in bytes.
const maxLine = 64 << 10

// lines is an io.Writer that cuts what is written into lines. What a line has beyond maxLine is
// left out, and an ellipsis stands for it.
type lines struct {
	say  func(line string)
	line []byte // unfinished
	cut  bool
}

// Write never fails.
func (l *lines) Write(p []byte) (int, error) {
	n := len(p)
	for {
		line, rest, found := bytes.Cut(p, []byte{'\n'})
		l.add(line)
		if !found {
			return n, nil
		}
		l.finish()
		p = rest
	}
}

// end says the last line when it has no newline.
func (l *lines) end() {
	if len(l.line) > 0 {
		l.finish()
	}
}

func (l *lines) add(p []byte) {
	room := maxLine - len(l.line)
	l.cut = l.cut || len(p) > room
	l.line = append(l.line, p[:min(len(p), room)]...)
}

func (l *lines) finish() {
	text := strings.TrimSuffix(string(l.line), "\r")
	if l.cut {
		text += "…"
	}
	l.say(text)
	l.line, l.cut = l.line[:0], false
}
