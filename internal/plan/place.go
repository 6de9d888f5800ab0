package plan

import (
	"slices"
	"strings"
)

// place is where a value stands, and whose it is.
type place struct {
	path     string
	frontend string
	bind     string // address, of the frontend or of stats
	backend  string
	server   string
	key      string // the first key below what is named above; empty: that itself
	last     string // the last key
	about    string // the header field or parameter that the value is of; empty: of none
}

// enter goes to a key.
func (p place) enter(key string) place {
	p.last = key
	if p.key == "" {
		p.key = key
	}
	if p.path == "" {
		p.path = key
	} else {
		p.path += "." + key
	}
	return p
}

// item goes to an element of a list.
func (p place) item(name string) place {
	p.path += "[" + name + "]"
	return p
}

func (p place) ofFrontend(name string) place {
	p = p.item(name)
	p.frontend, p.key = name, ""
	return p
}

func (p place) ofBackend(name string) place {
	p = p.item(name)
	p.backend, p.key = name, ""
	return p
}

func (p place) ofBind(address string) place {
	p = p.item(address)
	p.bind, p.key = address, ""
	return p
}

func (p place) ofServer(name string) place {
	p = p.item(name)
	p.server, p.key = name, ""
	return p
}

// isProxy tells whether the place is a frontend or a backend as a whole.
func (p place) isProxy() bool { return (p.frontend != "" || p.backend != "") && p.key == "" }

func (p place) isListener() bool {
	switch {
	case p.bind != "", p.frontend != "" && (p.key == "mode" || p.key == "bind"):
		return true
	case p.frontend+p.backend != "":
		return false
	}
	return p.key == "admin_socket" || p.path == "stats.bind" || strings.HasPrefix(p.path, "stats.tls")
}

func (p place) class() string {
	in := func(keys ...string) bool { return slices.Contains(keys, p.key) }
	switch {
	case p.isListener():
		return ClassListener
	case p.server != "" || in("servers"):
		return ClassServer
	case p.isProxy():
		return ClassProxy
	case in("timeout", "hard_stop_after", "shutdown_timeout"):
		return ClassTimeout
	case in("health_check", "agent_check", "observe", "error_limit", "on_error", "on_marked_down"):
		return ClassCheck
	case in("limits", "maxconn", "maxqueue"):
		return ClassLimit
	case p.frontend+p.backend == "", in("trusted_proxies", "error_files", "syntax", "monitor"):
		return ClassOther
	}
	return ClassRouting
}
