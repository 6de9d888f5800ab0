package file

import (
	"fmt"
	"testing"
	"time"

	"relais/internal/config"
)

func TestDefaultsAreMerged(t *testing.T) {
	const sorry = "testdata/valid/sorry.http"
	const forHTTP = "redirect_https: true, error_files: {503: none.http}, syntax: report, trusted_proxies: [10.0.0.0/8], timeout: {client: 1s, http_keep_alive: 1s}"
	frontendTimeout, backendTimeout := config.NewFrontend().Timeout, config.NewBackend().Timeout
	for _, test := range []struct {
		name                        string
		defaults, frontend, backend string
		want                        func(*config.Frontend, *config.Backend)
	}{
		{"none", "{}", "", "", func(*config.Frontend, *config.Backend) {}},
		{"each to the section that has it", "{timeout: {connect: 1s, client: 2s}}", "", "", func(f *config.Frontend, b *config.Backend) {
			f.Timeout.Client, b.Timeout.Connect = 2*time.Second, time.Second
		}},
		{"own value wins, key by key", "{timeout: {client: 2s, http_request: 3s, server: 4s}}", "timeout: {client: 9s}", "timeout: {server: 8s}", func(f *config.Frontend, b *config.Backend) {
			f.Timeout.Client, f.Timeout.HTTPRequest, b.Timeout.Server = 9*time.Second, 3*time.Second, 8*time.Second
		}},
		{"own zero wins", "{retries: 5}", "", "retries: 0", func(_ *config.Frontend, b *config.Backend) { b.Retries = 0 }},
		{"plain keys", "{retries: 5, balance: roundrobin, mode: http}", "", "", func(_ *config.Frontend, b *config.Backend) { b.Retries = 5 }},
		{"check in short form", "{health_check: /up}", "", "", func(_ *config.Frontend, b *config.Backend) { b.HealthCheck = check("/up") }},
		{"own short form completes a mapping", "{health_check: {rise: 7, path: /up}}", "", "health_check: /own", func(_ *config.Frontend, b *config.Backend) {
			b.HealthCheck = check("/own")
			b.HealthCheck.Rise = 7
		}},
		{"own mapping completes a short form", "{health_check: /up}", "", "health_check: {rise: 7}", func(_ *config.Frontend, b *config.Backend) {
			b.HealthCheck = check("/up")
			b.HealthCheck.Rise = 7
		}},
		{"check turned off", "{health_check: /up}", "", "health_check: off", func(*config.Frontend, *config.Backend) {}},
		{"check turned on", "{health_check: off}", "", "health_check: /up", func(_ *config.Frontend, b *config.Backend) { b.HealthCheck = check("/up") }},
		{"a tcp check leaves the path of defaults", "{health_check: {path: /up, fall: 9}}", "", "health_check: {type: tcp}", func(_ *config.Frontend, b *config.Backend) {
			b.HealthCheck = checkOf("tcp")
			b.HealthCheck.Fall = 9
		}},
		{"error files are merged by status", "{error_files: {400: " + sorry + ", 503: none.http}}", "error_files: {503: " + sorry + "}", "", func(f *config.Frontend, _ *config.Backend) {
			f.ErrorFiles = map[int]config.Path{400: config.NewPath(sorry), 503: config.NewPath(sorry)}
		}},
		{"no own error files", "{error_files: {400: " + sorry + "}}", "error_files: {}", "", func(f *config.Frontend, _ *config.Backend) {
			f.ErrorFiles = map[int]config.Path{400: config.NewPath(sorry)}
		}},
		{"own list takes the place of a list", "{trusted_proxies: [10.0.0.0/8, 127.0.0.1]}", "trusted_proxies: []", "", func(*config.Frontend, *config.Backend) {}},
		{"queues", "{maxconn: 7, maxqueue: 8, timeout: {queue: 9s}}", "", "", func(f *config.Frontend, b *config.Backend) {
			f.Maxconn, b.Maxqueue, b.Timeout.Queue = 7, 8, 9*time.Second
		}},
		{"balance is taken whole", "{balance: {uri: {len: 8}}}", "", "", func(_ *config.Frontend, b *config.Backend) {
			b.Balance.Algorithm, b.Balance.URI.Len = "uri", 8
		}},
		{"own balance wins", "{balance: {uri: {len: 8}}}", "", "balance: {uri: {depth: 2}}", func(_ *config.Frontend, b *config.Backend) {
			b.Balance.Algorithm, b.Balance.URI.Depth = "uri", 2
		}},
		{"hash and budget key by key", "{hash: {type: consistent}, retry_budget: {ratio: 1}}", "", "hash: {balance_factor: 150}", func(_ *config.Frontend, b *config.Backend) {
			b.Hash.Type, b.Hash.BalanceFactor, b.RetryBudget.Ratio = "consistent", 150, 1
		}},
		{"own short cookie completes a mapping", "{cookie: {name: SRV, secure: true}}", "", "cookie: OWN", func(_ *config.Frontend, b *config.Backend) {
			b.Cookie = config.NewCookie()
			b.Cookie.Name, b.Cookie.Secure = "OWN", true
		}},
		{"what defaults turn on is turned off", "{cookie: SRV, monitor: /up, agent_check: 8080}", "monitor: off", "cookie: off\n    agent_check: off", func(*config.Frontend, *config.Backend) {}},
		{"rules and edits for all", "{rules: [{path: /a, deny: 403}], request: {del_header: X-A}}", "request: []", "", func(f *config.Frontend, _ *config.Backend) {
			f.Rules = []config.Rule{{Match: config.Match{Path: []string{"/a"}}, Deny: 403}}
		}},
		{"headers of a check have no case", "{health_check: {headers: {X-A: a, X-B: b}}}", "", "health_check: {headers: {x-a: own}}", func(_ *config.Frontend, b *config.Backend) {
			b.HealthCheck = config.NewHealthCheck()
			b.HealthCheck.Headers = map[string]string{"x-a": "own", "X-B": "b"}
		}},
		{"TCP mode leaves values that are for HTTP", "{mode: tcp, balance: {header: X-A}, retry_on: [conn-failure, 503], cookie: SRV, rules: [{deny: 403}], monitor: /up}", "", "", func(f *config.Frontend, b *config.Backend) {
			f.Mode, b.Mode = "tcp", "tcp"
		}},
		{"TCP mode takes those that are not", "{mode: tcp, balance: leastconn, retry_on: [conn-failure]}", "", "", func(f *config.Frontend, b *config.Backend) {
			f.Mode, b.Mode, b.Balance.Algorithm, b.RetryOn = "tcp", "tcp", "leastconn", []string{"conn-failure"}
		}},
		{"TCP mode for all leaves what is for HTTP", "{mode: tcp, " + forHTTP + "}", "", "", func(f *config.Frontend, b *config.Backend) {
			f.Mode, b.Mode, f.Timeout.Client = "tcp", "tcp", time.Second
		}},
		{"own TCP mode leaves what is for HTTP", "{" + forHTTP + "}", "mode: tcp\n    timeout: {client: 2s}", "mode: tcp", func(f *config.Frontend, b *config.Backend) {
			f.Mode, b.Mode, f.Timeout.Client = "tcp", "tcp", 2*time.Second
		}},
		{"own HTTP mode takes it", "{mode: tcp, redirect_https: true}", "mode: http", "mode: http", func(f *config.Frontend, _ *config.Backend) {
			f.RedirectHTTPS = true
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := fmt.Sprintf("defaults: %s\nfrontends:\n  - name: web\n    bind: \":8080\"\n    default_backend: app\n    %s\n"+
				"backends:\n  - name: app\n    servers: [{name: web1, address: \"127.0.0.1:5001\"}]\n    %s\n",
				test.defaults, test.frontend, test.backend)
			got, err := Parse("defaults.yml", []byte(text), environment)
			if err != nil {
				t.Fatal(err)
			}
			want := minimal()
			test.want(want.Frontends[0], want.Backends[0])
			same(t, got, want)
		})
	}
	if config.NewFrontend().Timeout != frontendTimeout || config.NewBackend().Timeout != backendTimeout {
		t.Error("merging changed the defaults of the program")
	}
}

// Sections that inherit from the same mapping must not write into each other.
func TestDefaultsAreNotShared(t *testing.T) {
	cfg, err := Parse("defaults.yml", []byte(`
defaults: {health_check: {path: /up}}
frontends: [{name: web, bind: ":8080", default_backend: app}]
backends:
  - {name: app, servers: [{name: web1, address: "127.0.0.1:5001"}], health_check: {rise: 9}}
  - {name: two, servers: [{name: web1, address: "127.0.0.1:5001"}], health_check: {fall: 8}}
  - {name: three, servers: [{name: web1, address: "127.0.0.1:5001"}]}
`), environment)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct{ rise, fall int }{{9, 3}, {2, 8}, {2, 3}} {
		if h := cfg.Backends[i].HealthCheck; h.Path != "/up" || h.Rise != want.rise || h.Fall != want.fall {
			t.Errorf("backend %d is checked with %+v, want path /up, rise %d, fall %d", i, h, want.rise, want.fall)
		}
	}
	if cfg.Backends[1].HealthCheck == cfg.Backends[2].HealthCheck {
		t.Error("two backends share one check")
	}
}
