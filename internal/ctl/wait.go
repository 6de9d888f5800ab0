package ctl

import "time"

const waitHelp = `Usage: wait {-h|<duration>} [condition [args...]]
  - '-h' displays this help
  - <duration> is the maximum wait time, optionally suffixed by the unit among
    'us', 'ms', 's', 'm', 'h', and 'd'. The default unit is milliseconds.
  - <condition> indicates what to wait for, no longer than the specified duration.
    Supported conditions are:
    - <none> : by default, just sleep for the specified duration.
    - srv-removable <px>/<sv> : wait for this server to become removable.
`

// waitEvery is how often a condition is looked at.
const waitEvery = 50 * time.Millisecond

func (x *call) wait() error {
	if x.arg(0) == "" || x.arg(0) == "-h" {
		x.say(severityInfo, waitHelp)
		return nil
	}
	d, err := parseDuration(x.arg(0), time.Millisecond)
	if err != nil {
		return fail("Invalid duration '%s'.", x.arg(0))
	}
	deadline := time.NewTimer(d)
	defer deadline.Stop()
	switch x.arg(1) {
	case "":
		return x.waitTime(deadline.C)
	case "srv-removable":
		return x.waitRemovable(deadline.C)
	}
	return fail("Unknown condition '%s'; try 'wait -h'.", x.arg(1))
}

func (x *call) waitTime(deadline <-chan time.Time) error {
	select {
	case <-deadline:
		x.say(severityInfo, "Done.")
		return nil
	case <-x.ctx.Done():
		return errInterrupted
	}
}

var errInterrupted = fail("Interrupted.")

// waitRemovable waits for a server in maintenance to have no more requests and connections.
func (x *call) waitRemovable(deadline <-chan time.Time) error {
	if x.arg(2) == "" {
		return fail("Missing server name (<backend>/<server>).")
	}
	again := time.NewTicker(waitEvery)
	defer again.Stop()
	for {
		s, err := x.namedServer(2)
		if err != nil {
			return err
		}
		if err := x.removable(s); err != nil {
			return err
		}
		if s.Served == 0 && s.Used == 0 {
			x.say(severityInfo, "Done.")
			return nil
		}
		select {
		case <-again.C:
		case <-deadline:
			return fail("Wait delay expired.")
		case <-x.ctx.Done():
			return errInterrupted
		}
	}
}
