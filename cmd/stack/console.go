package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
)

// maxHeld bounds how many lines of each process are kept while the stack starts.
const maxHeld = 20

// console is where the stack and its processes speak: whole lines, each with the name of who
// said it. What the processes say while they start is held back: it matters when the start
// fails. A console is safe for concurrent use.
type console struct {
	out    io.Writer
	colors bool
	width  int // of the names
	color  map[string]int
	now    func() time.Time

	mu    sync.Mutex
	held  map[string][]entry // nil: nothing is held back any more
	least zerolog.Level      // of what is shown
}

func newConsole(out *os.File, names []string) *console {
	c := &console{
		out: out, colors: hasColors(out), color: map[string]int{},
		now: time.Now, held: map[string][]entry{},
	}
	for i, name := range names {
		c.width = max(c.width, len(name))
		c.color[name] = 36 - i%5 // cyan, magenta, blue, yellow, green
	}
	return c
}

// print writes text as it is.
func (c *console) print(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = io.WriteString(c.out, text) // a terminal that has gone is not the end
}

// say writes a line of the stack itself.
func (c *console) say(level zerolog.Level, text string) {
	line := c.format(stackName, entry{at: c.now(), level: level, lines: []string{text}})
	if c.colors {
		line = "\r" + line // over the ^C
	}
	c.print(line)
}

// writer returns what takes the lines of a process.
func (c *console) writer(name string) func(line string) {
	return func(line string) {
		e := parseEntry(line, c.now())
		c.mu.Lock()
		defer c.mu.Unlock()
		switch {
		case c.held != nil:
			c.hold(name, e)
		case e.level >= c.least:
			_, _ = io.WriteString(c.out, c.format(name, e))
		}
	}
}

// open begins to show what the processes say, with the warnings that were held back.
func (c *console) open() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, entries := range c.held {
		for _, e := range entries {
			if e.level >= zerolog.WarnLevel {
				_, _ = io.WriteString(c.out, c.format(name, e))
			}
		}
	}
	c.held, c.least = nil, zerolog.InfoLevel
}

// hush shows only warnings from now on, and forgets what was held back.
func (c *console) hush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held, c.least = nil, zerolog.WarnLevel
}

// lastWords returns the lines that were held back of a process.
func (c *console) lastWords(name string) (lines []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.held[name] {
		lines = append(lines, c.format(name, e))
	}
	return lines
}

func (c *console) hold(name string, e entry) {
	kept := append(c.held[name], e)
	c.held[name] = kept[max(0, len(kept)-maxHeld):]
}

func (c *console) format(name string, e entry) string {
	who := c.paint(fmt.Sprintf("%-*s |", c.width, name), c.color[name])
	at := e.at.Local().Format(time.TimeOnly)
	text := ""
	for _, line := range e.lines {
		text += fmt.Sprintf("%s %s %s %s\n", who, at, c.level(e.level), line)
	}
	return text
}

func (c *console) paint(text string, color int) string {
	if !c.colors || color == 0 {
		return text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", color, text)
}

// level is as wide for each level.
func (c *console) level(l zerolog.Level) string {
	switch {
	case l == zerolog.NoLevel: // no log line, such as the trace of a crash
		return "     "
	case l >= zerolog.ErrorLevel:
		return c.paint("ERROR", 31)
	case l == zerolog.WarnLevel:
		return c.paint("WARN ", 33)
	case l == zerolog.InfoLevel:
		return "INFO "
	default:
		return "DEBUG"
	}
}

// hasColors tells whether out is a terminal and colours are wanted: https://no-color.org.
func hasColors(out *os.File) bool {
	_, err := unix.IoctlGetTermios(int(out.Fd()), unix.TCGETS)
	return err == nil && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
