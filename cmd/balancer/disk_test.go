package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/internal/testkit"
)

// TestConfigurationOnDisk breaks what a restart would find, in several ways, without a reload: the
// metric, the page, the log and ctl say so, and again when it is mended.
func TestConfigurationOnDisk(t *testing.T) {
	dir := t.TempDir()
	testkit.NewAuthority(t).Files(t, dir, "site", nil, "site.example")
	extra, certificate := filepath.Join(dir, "extra.yml"), filepath.Join(dir, "site.pem")
	pem, err := os.ReadFile(certificate)
	if err != nil {
		t.Fatal(err)
	}
	config, socket := stateful(t, "")
	config = strings.Replace(config, `bind: "127.0.0.1:0",`, `bind: ["127.0.0.1:0", {address: "127.0.0.1:0", tls: {certificates: [{cert: "`+
		certificate+`", key: "`+filepath.Join(dir, "site.key")+`"}]}}],`, 1)
	r := run(t, config, nil)
	broken := strings.Replace(config, "backends:", "backedns:", 1)
	included := "include: [" + extra + "]\n" + config
	const more = "backends: [{name: more, servers: [{name: a, address: \"127.0.0.1:2\"}]}]\n"
	const pending = "another, sound one"
	for i, test := range []struct {
		name  string
		do    func()
		valid float64
		fault string // empty: none
	}{
		{"a spelling mistake", func() { r.configure(t, broken) }, 0, r.config + `:5: unknown key \"backedns\"`},
		{"mended", func() { r.configure(t, config) }, 1, ""},
		{"the certificate has gone", func() { _ = os.Remove(certificate) }, 0, r.config + ":4: "},
		{"it is back", func() { writeFile(t, certificate, string(pem)) }, 1, ""},
		{pending, func() { writeFile(t, extra, more); r.configure(t, included) }, 1, ""},
		{"what that includes is broken", func() { writeFile(t, extra, "x"+more[1:]) }, 0, extra + ":1: unknown key"},
		{"mended", func() { writeFile(t, extra, more) }, 1, ""},
	} {
		mended := strings.Count(r.Stderr.String(), "the configuration on disk is valid again")
		test.do()
		done := time.Now()
		if i > 1 {
			orderAt(t, socket, "show", "config") // looks at once
		}
		testkit.Eventually(t, test.name, func() bool { return r.gauge(t, "relais_config_on_disk_valid") == test.valid })
		if took := time.Since(done); took > 7*time.Second {
			t.Errorf("%s: it took %v to notice, want five seconds or so", test.name, took)
		}
		if n := r.gauge(t, "relais_config_pending"); test.name == pending && n != 1 {
			t.Errorf("%s: relais_config_pending is %v", test.name, n)
		}
		_, page := r.get(t, "/haproxy-stats")
		if shown := strings.Contains(page, "The configuration on disk is not valid; a restart would fail: "); shown != (test.fault != "") {
			t.Errorf("%s: on the page: %v", test.name, shown)
		}
		if test.fault != "" {
			r.logs(t, test.fault)
			if said := orderAt(t, socket, "show", "config"); !strings.Contains(said, "on disk: not valid, a restart would fail:\n") {
				t.Errorf("%s: show config says %q", test.name, said)
			}
		} else if test.name != pending {
			testkit.Eventually(t, test.name+": the log says so", func() bool {
				return strings.Count(r.Stderr.String(), "the configuration on disk is valid again") == mended+1
			})
		}
	}
}

// TestLastGoodConfiguration: what came into force last is kept beside the state, and can be used
// as it is, with what it includes and names.
func TestLastGoodConfiguration(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "var", "state.last-good", "balancer.yml")
	writeFile(t, filepath.Join(dir, "var", "nothing"), "")
	config, socket := stateful(t, filepath.Join(dir, "var", "state"))
	config = "include: [\"conf.d/*.yml\"]\n" + strings.Replace(config, "bind: \"127.0.0.1:0\", default", "error_files: {503: pages/503.http}, bind: \"127.0.0.1:0\", default", 1)
	path := filepath.Join(dir, "etc", "balancer.yml")
	writeFile(t, path, config)
	writeFile(t, filepath.Join(dir, "etc", "pages", "503.http"), "HTTP/1.0 503 Service Unavailable\r\nContent-Type: text/plain\r\n\r\nsorry\n")
	extra := filepath.Join(dir, "etc", "conf.d", "extra.yml")
	writeFile(t, extra, "backends: [{name: more, servers: [{name: a, address: \"127.0.0.1:2\"}]}]\n")
	r := &running{config: path, Process: testkit.Start(t, nil, balancerPath, "run", "--config", path)}
	testkit.Eventually(t, "the balancer says that it has started", func() bool { return r.started() })
	check := func(when, text string) {
		t.Helper()
		p := testkit.Start(t, nil, balancerPath, "check", "--config", good)
		if code := p.ExitCode(t); code != 0 {
			t.Errorf("%s: check says %s", when, p.Stderr.String())
		}
		if kept, err := os.ReadFile(filepath.Join(filepath.Dir(good), "conf.d", "extra.yml")); err != nil || !strings.Contains(string(kept), text) {
			t.Errorf("%s: kept is %q, %v", when, kept, err)
		}
	}
	check("started", "127.0.0.1:2")
	writeFile(t, extra, "backends: nonsense\n")
	r.reload(t)
	r.logs(t, "not reloaded")
	check("after a refused reload", "127.0.0.1:2")
	writeFile(t, extra, "backends: [{name: more, servers: [{name: a, address: \"127.0.0.1:3\"}]}]\n")
	orderAt(t, socket, "reload")
	check("after a reload", "127.0.0.1:3")
	if info, err := os.Stat(good); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("it is not for its owner alone: %v, %v", info, err)
	}
}
