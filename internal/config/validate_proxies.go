package config

import (
	"fmt"
	"slices"
	"strings"

	"relais/internal/config/spell"
)

func (v *validator) frontend(path string, f *Frontend, backends []*Backend) {
	v.refuse(path+".name", nameFault(f.Name))
	v.oneOf(path+".mode", f.Mode, modes())
	if len(f.Bind) == 0 {
		v.fault(path+".bind", `missing; write an address to listen on, such as ":8080"`)
	}
	for i := range f.Bind {
		v.bind(fmt.Sprintf("%s.bind[%d]", path, i), &f.Bind[i])
	}
	v.notBelow0(path+".maxconn", f.Maxconn, "a number of connections, or 0 for no limit of its own")
	v.errorFiles(path+".error_files", f.ErrorFiles)
	v.oneOf(path+".syntax", f.Syntax, []string{"refuse", "report"})
	v.duration(path+".timeout.client", f.Timeout.Client)
	v.duration(path+".timeout.http_request", f.Timeout.HTTPRequest)
	v.duration(path+".timeout.http_keep_alive", f.Timeout.HTTPKeepAlive)
	if f.Monitor != nil {
		v.monitor(path+".monitor", f.Monitor)
	}
	v.edits(path+".request", f.Request, false)
	v.rules(path+".rules", f.Rules, backends)
	v.edits(path+".response", f.Response, true)
	v.refuse(path+".default_backend", backendFault(f.DefaultBackend, backends))
	v.refuse(path+".default_backend", modeFault(f, backends))
}

// modes lists what proxies may speak.
func modes() []string { return []string{"http", "tcp"} }

// modeFault says what is wrong when f and its backend do not speak the same.
func modeFault(f *Frontend, backends []*Backend) string {
	i := slices.IndexFunc(backends, func(b *Backend) bool { return b.Name == f.DefaultBackend })
	if i < 0 || backends[i].Mode == f.Mode || !slices.Contains(modes(), f.Mode) || !slices.Contains(modes(), backends[i].Mode) {
		return ""
	}
	return fmt.Sprintf("backend %q has mode %s and this frontend mode %s; write the same mode in both", f.DefaultBackend, backends[i].Mode, f.Mode)
}

func backendFault(name string, backends []*Backend) string {
	known := slices.DeleteFunc(names(backends, func(b *Backend) string { return b.Name }), func(s string) bool { return s == "" })
	if name == "" {
		return "missing; write the name of the backend that answers"
	}
	if slices.Contains(known, name) {
		return ""
	}
	if near := spell.Nearest(name, known); near != "" {
		return fmt.Sprintf("there is no backend %q; did you mean %q?", name, near)
	}
	if len(known) == 0 || len(known) > 5 {
		return fmt.Sprintf("there is no backend %q; add it, or write a name that stands under backends", name)
	}
	return fmt.Sprintf("there is no backend %q; add it, or write %s", name, orList(known))
}

func (v *validator) backend(path string, b *Backend) {
	v.refuse(path+".name", nameFault(b.Name))
	v.oneOf(path+".mode", b.Mode, modes())
	v.balance(path+".balance", b.Balance)
	v.hash(path+".hash", b.Hash)
	v.retries(path, b)
	v.notBelow0(path+".maxqueue", b.Maxqueue, "a number of requests, or 0 for any number")
	v.duration(path+".timeout.connect", b.Timeout.Connect)
	v.duration(path+".timeout.server", b.Timeout.Server)
	v.duration(path+".timeout.queue", b.Timeout.Queue)
	v.duration(path+".timeout.tunnel", b.Timeout.Tunnel)
	v.duration(path+".hard_stop_after", b.HardStopAfter)
	if b.Slowstart != 0 {
		v.duration(path+".slowstart", b.Slowstart)
	}
	v.between(path+".panic_threshold", b.PanicThreshold, 0, 100)
	if b.Cookie != nil {
		v.cookie(path+".cookie", b.Cookie)
	}
	v.health(path, b)
	if len(b.Servers) == 0 {
		v.fault(path+".servers", `missing; write at least one, such as {name: web1, address: "10.0.0.1:5000"}`)
	}
	for i, s := range b.Servers {
		v.server(fmt.Sprintf("%s.servers[%d]", path, i), s)
		v.refuse(fmt.Sprintf("%s.servers[%d].cookie", path, i), valueFault(s.Cookie, b.Cookie))
	}
	v.uniqueNames(path+".servers", names(b.Servers, func(s *Server) string { return s.Name }))
	v.expandedNames(path+".servers", b.Servers)
}

func nameFault(name string) string {
	if name == "" {
		return "missing; write a name of letters, digits and . _ : -"
	}
	for _, c := range name {
		if !isLetterOrDigit(c) && !strings.ContainsRune("._:-", c) {
			return fmt.Sprintf("%q holds the character %q; write letters, digits and . _ : - only", name, c)
		}
	}
	return ""
}
