package ctl

import "slices"

func (x *call) enableFrontend(on bool) error {
	row, err := x.frontend(0)
	if err != nil {
		return err
	}
	switch {
	case on && !row.Stopped:
		x.say(severityNotice, "All sockets are already enabled.")
		return nil
	case !on && row.Stopped:
		x.say(severityNotice, "All sockets are already disabled.")
		return nil
	}
	return x.balancer().EnableFrontend(row.Proxy, on, x.note)
}

func (x *call) shutdownFrontend() error {
	row, err := x.frontend(0)
	if err != nil {
		return err
	}
	return x.balancer().ShutdownFrontend(row.Proxy, x.note)
}

func (x *call) shutdownSession() error {
	id := pointer(x.arg(0))
	if id == "" {
		return fail("Session pointer expected (use 'show sess').")
	}
	streams := x.balancer().Streams()
	i := slices.IndexFunc(streams, func(s Stream) bool { return pointer(s.ID) == id })
	if i < 0 {
		return ErrNoStream
	}
	return x.balancer().ShutdownStream(streams[i].ID, x.note)
}

func (x *call) shutdownSessions() error {
	s, err := x.namedServer(0)
	if err != nil {
		return err
	}
	_, err = x.balancer().ShutdownStreams(s.Name, x.note)
	return err
}

// clearCounters clears the maxima, or everything, which only an admin may.
func (x *call) clearCounters() error {
	all := x.arg(0) == "all"
	if all && x.level < Admin {
		return errDenied
	}
	x.balancer().ClearCounters(all, x.note)
	return nil
}

func (x *call) clearServerCounters() error {
	s, err := x.namedServer(0)
	if err != nil {
		return err
	}
	if err := x.balancer().ClearServerCounters(s.Name, x.note); err != nil {
		return err
	}
	x.say(severityInfo, "Server counters cleared.")
	return nil
}
