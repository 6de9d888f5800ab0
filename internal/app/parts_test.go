package app

import (
	"strings"
	"testing"

	"relais/healthcheck"
	"relais/internal/config"
)

func partsOf(backends ...string) *parts {
	cfg := config.New()
	for _, text := range backends {
		names := strings.Fields(text)
		b := config.NewBackend()
		b.Name = names[0]
		for _, name := range names[1:] {
			s := config.NewServer()
			s.Name, s.Address = name, "127.0.0.1:80"
			b.Servers = append(b.Servers, s)
		}
		cfg.Backends = append(cfg.Backends, b)
	}
	return newParts(cfg)
}

func asIs(_ *config.Backend, s *config.Server) []*config.Server { return []*config.Server{s} }

func serversOf(cfg *config.Config) string {
	var words []string
	for _, b := range cfg.Backends {
		for _, s := range b.Servers {
			words = append(words, b.Name+"/"+s.Name+"@"+s.Address)
		}
	}
	return strings.Join(words, " ")
}

func TestPartsAssemble(t *testing.T) {
	p := partsOf("app a b", "api c")
	first := p.assemble(asIs)
	if first.Backends[0] != p.file.Backends[0] {
		t.Error("a backend without additions is not the file's")
	}
	added := config.NewServer()
	added.Name, added.Address = "d", "127.0.0.1:81"
	p.added["app"] = []*config.Server{added}
	moved := *p.file.Backends[1].Servers[0]
	moved.Address = "127.0.0.1:82"
	p.edited[healthcheck.ID{Backend: "api", Server: "c"}] = &moved
	second := p.assemble(asIs)
	if got, want := serversOf(second), "app/a@127.0.0.1:80 app/b@127.0.0.1:80 app/d@127.0.0.1:81 api/c@127.0.0.1:82"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := serversOf(p.file), "app/a@127.0.0.1:80 app/b@127.0.0.1:80 api/c@127.0.0.1:80"; got != want {
		t.Errorf("the file has changed: %s, want %s", got, want)
	}
	if third := p.assemble(asIs); third.Backends[0] != second.Backends[0] || third.Backends[1] != second.Backends[1] {
		t.Error("backends that have not changed are others")
	}

	next := partsOf("app a d", "other x").file
	if got, want := serversOf(p.of(next).assemble(asIs)), "app/a@127.0.0.1:80 app/d@127.0.0.1:80 other/x@127.0.0.1:80"; got != want {
		t.Errorf("after a reload with a file that has d itself: %s, want %s", got, want)
	}
	next = partsOf("app a").file
	if got, want := serversOf(p.of(next).assemble(asIs)), "app/a@127.0.0.1:80 app/d@127.0.0.1:81"; got != want {
		t.Errorf("after a reload: %s, want %s", got, want)
	}
}
