package app

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"relais/balancer"
	"relais/internal/config"
)

// A cookie that anybody can forge is named at start, one that has plain values is not.
func TestDerivedCookiesAreNamed(t *testing.T) {
	cfg := config.New()
	for _, value := range []string{"", "web1"} {
		be := config.NewBackend()
		be.Name, be.Cookie = "app"+value, config.NewCookie()
		be.Cookie.Name = "SRV"
		s := config.NewServer()
		s.Name, s.Address, s.Cookie = "s1", "127.0.0.1:1", value
		be.Servers = []*config.Server{s}
		cfg.Backends = append(cfg.Backends, be)
	}
	p, err := balancer.New(cfg, balancer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var log bytes.Buffer
	(&App{log: zerolog.New(&log)}).tellDerived(p.Table())
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `"backend":"app"`) || !strings.Contains(got, "key_file") {
		t.Errorf("the log says %s", got)
	}
}
