package handover

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// ErrImpossible says that the end of this process is taken for the end of the service, so that a
// successor could not live on.
var ErrImpossible = errors.New("no successor can take over")

// process is what Possible looks at.
type process struct {
	pid    int
	parent string // the name of PID 1, if that is the parent
	getenv func(string) (string, bool)
}

// Possible tells whether a successor would outlive this process; an error wraps ErrImpossible and
// says what to do instead.
func Possible(getenv func(string) (string, bool)) error {
	p := process{pid: os.Getpid(), getenv: getenv}
	if os.Getppid() == 1 {
		name, _ := os.ReadFile("/proc/1/comm") // unreadable: unknown, as most are
		p.parent = strings.TrimSpace(string(name))
	}
	return p.replaceable()
}

func (p *process) replaceable() error {
	const instead = "start a second container and move clients to it, or reload with SIGHUP"
	switch {
	case p.pid == 1:
		return fmt.Errorf("%w: the process is PID 1 of a container, which ends with it; %s", ErrImpossible, instead)
	case slices.Contains([]string{"tini", "docker-init", "dumb-init", "catatonit"}, p.parent):
		return fmt.Errorf("%w: the container ends with the process that %s has started; %s", ErrImpossible, p.parent, instead)
	case p.env("RELAIS_SUPERVISED") == "1":
		return fmt.Errorf("%w: the stack supervises this process and starts it anew when it ends; restart the stack, or reload with SIGHUP", ErrImpossible)
	case p.env("SYSTEMD_EXEC_PID") == strconv.Itoa(p.pid) && p.env("NOTIFY_SOCKET") == "":
		return fmt.Errorf("%w: systemd ends the service with this process; write Type=notify and NotifyAccess=all in the unit, or reload with SIGHUP", ErrImpossible)
	}
	return nil
}

func (p *process) env(name string) string {
	value, _ := p.getenv(name)
	return value
}
