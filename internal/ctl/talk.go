package ctl

import (
	"strings"
	"time"
)

func (x *call) help() error {
	var b strings.Builder
	b.WriteString("The following commands are valid at this level:\n")
	x.list(&b, x.args)
	x.say(severityInfo, b.String())
	return nil
}

const promptHelp = `Usage: prompt [help | n | i | p | timed]*
Changes the default prompt and interactive mode. Options:
  help    display this help
  n       set to non-interactive mode (no prompt, single command line)
  i       set to interactive mode only (no prompt, multiple commands)
  p       set prompt+interactive mode (prompt, multiple commands)
  timed   toggle displaying the time in the prompt (may be combined with p)
Without any argument, toggles between n/i and p.
`

func (x *call) prompt() error {
	if len(x.args) == 0 {
		if x.mode == prompting {
			x.mode = once
		} else {
			x.mode = prompting
		}
	}
	for _, arg := range x.args {
		switch arg {
		case "n":
			x.mode = once
		case "i":
			x.mode = interactive
		case "p":
			x.mode = prompting
		case "timed":
			x.timed = !x.timed
		default:
			x.say(severityInfo, promptHelp)
			return nil
		}
	}
	return nil
}

func (x *call) quit() error {
	x.left = true
	return nil
}

func (x *call) lower(to Level) error {
	if x.level < to {
		return errDenied
	}
	x.level = to
	return nil
}

func (x *call) setSeverity() error {
	switch arg := x.arg(0); arg {
	case "none":
		x.severities = ""
	case "number", "string":
		x.severities = arg
	default:
		return fail("one of 'none', 'number', 'string' is a required argument")
	}
	return nil
}

// longestTimeout is HAProxy's: 2^31 milliseconds.
const longestTimeout = (1<<31 - 1) * time.Millisecond

func (x *call) setTimeout() error {
	if x.arg(0) != "cli" {
		return fail("'set timeout' only supports 'cli'.")
	}
	if x.arg(1) == "" {
		return fail("Expects an integer value.")
	}
	d, err := parseDuration(x.arg(1), time.Second)
	if err != nil || d <= 0 || d > longestTimeout {
		return fail("Invalid timeout value.")
	}
	x.timeout = d
	return nil
}

func (x *call) echo() error {
	x.say(severityInfo, strings.Join(x.args, " "))
	return nil
}

func (x *call) showLevel() error {
	x.say(severityInfo, x.level.String())
	return nil
}

func (x *call) showSockets() error {
	x.printf("# socket lvl processes\n")
	for _, s := range x.cli.listening() {
		x.printf("%s %s all\n", s.name, s.level)
	}
	return nil
}

// String returns HAProxy's word.
func (l Level) String() string {
	return [...]string{"user", "operator", "admin"}[l]
}
