package config

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/internal/testkit"
)

// valid is a small configuration that each test breaks in one place.
func valid() *Config {
	cfg := New()
	f, b, s := NewFrontend(), NewBackend(), NewServer()
	f.Name, f.Bind, f.DefaultBackend = "web", []Bind{{Address: ":8080"}}, "app"
	s.Name, s.Address = "web1", "127.0.0.1:5001"
	b.Name, b.Servers, b.HealthCheck = "app", []*Server{s}, NewHealthCheck()
	cfg.Frontends, cfg.Backends = []*Frontend{f}, []*Backend{b}
	return cfg
}

func TestDefaultsAreValid(t *testing.T) {
	if faults := Validate(valid()); len(faults) != 0 {
		t.Errorf("Validate = %v", faults)
	}
}

func TestValidate(t *testing.T) {
	for want, change := range map[string]func(*Config){
		`version: 0 is not known; write 1`:                                                                                           func(c *Config) { c.Version = 0 },
		`log.level: "" is not known; write debug, info, warn or error`:                                                               func(c *Config) { c.Log.Level = "" },
		`stats.path: missing; write a path such as /haproxy-stats`:                                                                   func(c *Config) { c.Stats.Path = "" },
		`stats.path: "/a;b" holds a character that a path cannot have; write a plain one, such as /haproxy-stats`:                    func(c *Config) { c.Stats.Path = "/a;b" },
		`limits.max_header_size: 1023B is out of range; write 1KiB to 1MiB`:                                                          func(c *Config) { c.Limits.MaxHeaderSize = 1023 },
		`limits.max_headers: 32768 is out of range; write 1 to 32767`:                                                                func(c *Config) { c.Limits.MaxHeaders = 32768 },
		`frontends[0].bind: missing; write an address to listen on, such as ":8080"`:                                                 func(c *Config) { c.Frontends[0].Bind = nil },
		`frontends[0].bind[0].address: missing; write HOST:PORT, such as ":8080"`:                                                    func(c *Config) { c.Frontends[0].Bind[0].Address = "" },
		`frontends[0].bind[0].address: port "+80" of ":+80" is not a port; write a number from 1 to 65535`:                           func(c *Config) { c.Frontends[0].Bind[0].Address = ":+80" },
		`frontends[0].bind[0].address: port "" of "web:" is not a port; write a number from 1 to 65535`:                              func(c *Config) { c.Frontends[0].Bind[0].Address = "web:" },
		`frontends[0].bind[0].address: "a:b:1" is not an address; write HOST:PORT, such as ":8080", and an IPv6 address in brackets`: func(c *Config) { c.Frontends[0].Bind[0].Address = "a:b:1" },
		`frontends[0].timeout.client: 0s is out of range; write a time such as 5s`:                                                   func(c *Config) { c.Frontends[0].Timeout.Client = 0 },
		`frontends[0].default_backend: missing; write the name of the backend that answers`:                                          func(c *Config) { c.Frontends[0].DefaultBackend = "" },
		`backends[0].retries: -1 is out of range; write 0 for no retry, or a number such as 3`:                                       func(c *Config) { c.Backends[0].Retries = -1 },
		`backends[0].timeout.connect: 577h is out of range; write at most 576h`:                                                      func(c *Config) { c.Backends[0].Timeout.Connect = 577 * time.Hour },
		`backends[0].servers: missing; write at least one, such as {name: web1, address: "10.0.0.1:5000"}`:                           func(c *Config) { c.Backends[0].Servers = nil },
		`frontends[0].maxconn: -1 is out of range; write a number of connections, or 0 for no limit of its own`:                      func(c *Config) { c.Frontends[0].Maxconn = -1 },
		`frontends[0].syntax: "" is not known; write refuse or report`:                                                               func(c *Config) { c.Frontends[0].Syntax = "" },
		`frontends[0].default_backend: backend "app" has mode http and this frontend mode tcp; write the same mode in both`:          func(c *Config) { c.Frontends[0].Mode = "tcp" },
		`backends[0].maxqueue: -1 is out of range; write a number of requests, or 0 for any number`:                                  func(c *Config) { c.Backends[0].Maxqueue = -1 },
		`backends[0].timeout.queue: 0s is out of range; write a time such as 5s`:                                                     func(c *Config) { c.Backends[0].Timeout.Queue = 0 },
		`backends[0].servers[0].maxconn: -1 is out of range; write a number of requests, or 0 for no limit`:                          func(c *Config) { c.Backends[0].Servers[0].Maxconn = -1 },
		`backends[0].servers[0].send_proxy: "V1" is not known; write v1 or v2`:                                                       func(c *Config) { c.Backends[0].Servers[0].SendProxy = "V1" },
		`backends[0].servers[0].tls.sni: "[::1]" is an IP address, for which no server can be asked; remove it, or write a host name such as app.example.com`: func(c *Config) {
			c.Backends[0].Servers[0].TLS = &ServerTLS{SNI: "[::1]"}
		},
		`backends[0].servers[0].weight: 257 is out of range; write 0 to 256`:                                  func(c *Config) { c.Backends[0].Servers[0].Weight = 257 },
		`backends[0].health_check.method: "" is not a method; write one such as GET, HEAD or OPTIONS`:         func(c *Config) { c.Backends[0].HealthCheck.Method = "" },
		`backends[0].health_check.expect_status: missing; write the statuses that mean well, such as 200-399`: func(c *Config) { c.Backends[0].HealthCheck.ExpectStatus = nil },
	} {
		cfg := valid()
		change(cfg)
		if faults := Validate(cfg); len(faults) != 1 || faults[0].Error() != want {
			t.Errorf("Validate = %v\nwant %s", faults, want)
		}
	}
}

func TestValidateAccepts(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"sockets": func(c *Config) {
			c.Frontends[0].Bind = []Bind{{Address: "unix@/run/a:8080", Mode: 0o660}, {Address: "fd@3"}, {Address: ":8080"}}
		},
		"PROXY on a socket": func(c *Config) { c.Frontends[0].Bind[0] = Bind{Address: "unix@/run/a", AcceptProxy: &AcceptProxy{}} },
		"no stats listener": func(c *Config) { c.Stats.Bind = "" },
		"stop at once":      func(c *Config) { c.ShutdownTimeout = 0 },
		"port 0 twice": func(c *Config) {
			c.Frontends[0].Bind = []Bind{{Address: ":0"}, {Address: "127.0.0.1:0"}, {Address: ":0"}}
		},
		"tcp with an http check": func(c *Config) { c.Frontends[0].Mode, c.Backends[0].Mode = "tcp", "tcp" },
		"a server on a socket": func(c *Config) {
			s := c.Backends[0].Servers[0]
			s.Address, s.SendProxy, s.TLS = "unix@/run/a", "v2", &ServerTLS{Verify: true, SNI: "a.example"}
		},
		"TLS to an address": func(c *Config) { c.Backends[0].Servers[0].TLS = NewServerTLS() },
		"TLS without a name": func(c *Config) {
			c.Backends[0].Servers[0].Address, c.Backends[0].Servers[0].TLS = "unix@/run/a", &ServerTLS{}
		},
		"two servers at one address": func(c *Config) {
			again := *c.Backends[0].Servers[0]
			again.Name = "web2"
			c.Backends[0].Servers = append(c.Backends[0].Servers, &again)
		},
		"a server on a socket, checked elsewhere": func(c *Config) {
			c.Backends[0].Servers[0].Address = "unix@/run/a"
			c.Backends[0].HealthCheck.Address, c.Backends[0].HealthCheck.Port = "[::1]", 80
		},
		"a chain of tracks": func(c *Config) {
			b, last := NewServer(), NewServer()
			b.Name, b.Address, b.Track = "b", "10.0.0.1:80", "app/c"
			last.Name, last.Address, last.Track = "c", "10.0.0.1:80", "app/web1"
			c.Backends[0].Servers = append(c.Backends[0].Servers, b, last)
		},
		"a rule for every request that does not decide": func(c *Config) {
			c.Frontends[0].Rules = []Rule{{RateLimit: &RateLimit{Requests: 1, Per: time.Second}}, {Concurrency: &Concurrency{Requests: 1}}, {Deny: 403}}
		},
		"several addresses of a name": func(c *Config) {
			c.Backends[0].Servers[0].Resolve, c.Backends[0].Servers[0].Address = "all", "_http._tcp.web.example"
		},
		"a number behind a name that is one server": func(c *Config) {
			again := *c.Backends[0].Servers[0]
			again.Name = "web1-2"
			c.Backends[0].Servers = append(c.Backends[0].Servers, &again)
		},
		"a state that is not there yet": func(c *Config) { c.StateFile = "relais.state" },
		"a host by its address":         func(c *Config) { c.Stats.Hosts = []string{"::1", "192.0.2.1"} },
		"weight 0":                      func(c *Config) { c.Backends[0].Servers[0].Weight = 0 },
		"no retry":                      func(c *Config) { c.Backends[0].Retries = 0 },
		"no check":                      func(c *Config) { c.Backends[0].HealthCheck = nil },
		"OPTIONS *":                     func(c *Config) { c.Backends[0].HealthCheck.Method, c.Backends[0].HealthCheck.Path = "OPTIONS", "*" },
		"a bare tcp check": func(c *Config) {
			*c.Backends[0].HealthCheck = HealthCheck{Type: "tcp", Inter: 1, Timeout: 1, Rise: 1, Fall: 1, Initial: "up"}
		},
		"container name":              func(c *Config) { c.Backends[0].Servers[0].Address = "web_server-1.local:5000" },
		"IPv6 with a zone":            func(c *Config) { c.Backends[0].Servers[0].Address = "[fe80::1%eth0]:5000" },
		"backend named as a frontend": func(c *Config) { c.Backends[0].Name, c.Frontends[0].DefaultBackend = "web", "web" },
	} {
		cfg := valid()
		change(cfg)
		if faults := Validate(cfg); len(faults) != 0 {
			t.Errorf("%s: Validate = %v, want no fault", name, faults)
		}
	}
}

// The files of TLS are looked at: whatever an admin may mix up is told.
func TestTLSFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, data ...[]byte) Path {
		path := filepath.Join(dir, name)
		testkit.WriteFile(t, path, bytes.Join(data, nil))
		return NewPath(path)
	}
	ca := testkit.NewAuthority(t)
	certPEM, keyPEM := ca.Issue(t, nil, "a.example")
	_, other := ca.Issue(t, nil, "b.example")
	expired, expiredKey := ca.Issue(t, func(c *x509.Certificate) { c.NotAfter = c.NotBefore.Add(time.Second) }, "a.example")
	cert, key := file("site.pem", certPEM, ca.CertPEM), file("site.key", keyPEM)
	for _, test := range []struct {
		name string
		tls  TLS
		want string // what the fault begins and goes on with, behind frontends[0].bind[0].tls
	}{
		{"sound", TLS{Certificates: []Certificate{{cert, key}}}, ""},
		{"both in one file", TLS{Certificates: []Certificate{{Cert: file("both.pem", keyPEM, certPEM)}}}, ""},
		{"expired", TLS{Certificates: []Certificate{{file("expired.pem", expired), file("expired.key", expiredKey)}}}, ""},
		{"client_ca", TLS{Certificates: []Certificate{{cert, key}}, ClientCA: file("ca.pem", ca.CertPEM), Verify: "optional"}, ""},
		{"no key", TLS{Certificates: []Certificate{{Cert: cert}}}, ".certificates[0].key: missing, and there is no private key in "},
		{"another key", TLS{Certificates: []Certificate{{cert, file("other.key", other)}}}, ".certificates[0].key: the key in DIR/other.key does not fit the certificate in DIR/site.pem ("},
		{"mixed up", TLS{Certificates: []Certificate{{key, cert}}}, ".certificates[0].cert: DIR/site.key holds a key and no certificate; "},
		{"twice the certificate", TLS{Certificates: []Certificate{{cert, cert}}}, ".certificates[0].key: DIR/site.pem holds a certificate and no private key; "},
		{"encrypted", TLS{Certificates: []Certificate{{cert, file("locked.key", pemBlock("ENCRYPTED PRIVATE KEY"))}}}, ".certificates[0].key: the key in DIR/locked.key needs a pass phrase; "},
		{"no key in the key file", TLS{Certificates: []Certificate{{cert, file("dh.pem", pemBlock("DH PARAMETERS"))}}}, ".certificates[0].key: DIR/dh.pem holds no private key; "},
		{"broken", TLS{Certificates: []Certificate{{file("broken.pem", pemBlock("CERTIFICATE")), key}}}, ".certificates[0].cert: certificate 1 in DIR/broken.pem cannot be read ("},
		{"broken in the chain", TLS{Certificates: []Certificate{{file("chain.pem", certPEM, pemBlock("CERTIFICATE")), key}}}, ".certificates[0].cert: certificate 2 in DIR/chain.pem cannot be read ("},
		{"no certificate", TLS{Certificates: []Certificate{{file("none.pem", pemBlock("DH PARAMETERS")), key}}}, ".certificates[0].cert: DIR/none.pem holds no certificate; "},
		{"a key as client_ca", TLS{Certificates: []Certificate{{cert, key}}, ClientCA: key}, ".client_ca: DIR/site.key holds a key and no certificate; "},
	} {
		cfg := valid()
		test.tls.MinVersion = "1.2"
		cfg.Frontends[0].Bind[0].TLS = &test.tls
		faults := Validate(cfg)
		if test.want == "" {
			if len(faults) != 0 {
				t.Errorf("%s: Validate = %v", test.name, faults)
			}
			continue
		}
		want := "frontends[0].bind[0].tls" + test.want
		if len(faults) != 1 || !strings.HasPrefix(strings.NewReplacer(`"`, "", dir, "DIR").Replace(faults[0].Error()), want) {
			t.Errorf("%s: Validate = %v\nwant %s", test.name, faults, want)
		}
	}
}

// The authorities of a server's certificate are the system's, those of a file, or a fault.
func TestLoadCA(t *testing.T) {
	dir := t.TempDir()
	ca := testkit.NewAuthority(t)
	ca.Files(t, dir, "site", nil, "a.example")
	testkit.WriteFile(t, filepath.Join(dir, "ca.pem"), ca.CertPEM)
	for name, want := range map[string]string{
		"":         "",
		"ca.pem":   "",
		"site.key": "backends[0].servers[0].tls.ca: DIR/site.key holds a key and no certificate; ",
		"none.pem": "backends[0].servers[0].tls.ca: cannot read DIR/none.pem: no such file or directory; ",
	} {
		cfg := valid()
		settings := NewServerTLS()
		if name != "" {
			settings.CA = NewPath(filepath.Join(dir, name))
		}
		cfg.Backends[0].Servers[0].TLS = settings
		faults := Validate(cfg)
		if want != "" {
			if len(faults) != 1 || !strings.HasPrefix(strings.NewReplacer(`"`, "", dir, "DIR").Replace(faults[0].Error()), want) {
				t.Errorf("%s: Validate = %v\nwant %s", name, faults, want)
			}
			continue
		}
		pool, err := settings.LoadCA()
		if len(faults) != 0 || err != nil || (name == "") != (pool == nil) || pool != nil && !pool.Equal(ca.Pool()) {
			t.Errorf("%q: Validate = %v, LoadCA = %v, %v", name, faults, pool, err)
		}
	}
}

func pemBlock(kind string) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte("junk")})
}

func TestOverlap(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{":8080", ":8080", true},
		{":8080", ":8081", false},
		{":8080", "0.0.0.0:8080", true},
		{":8080", "127.0.0.1:8080", true},
		{":8080", "[::1]:8080", true},
		{":8080", "web.local:8080", true},
		{"[::]:8080", "10.0.0.1:8080", true},
		{"0.0.0.0:8080", "127.0.0.1:8080", true},
		{"0.0.0.0:8080", "[::1]:8080", false},
		{"127.0.0.1:8080", "127.0.0.2:8080", false},
		{"localhost:8080", "127.0.0.1:8080", true},
		{"[::ffff:127.0.0.1]:8080", "127.0.0.1:8080", true},
		{"web.local:8080", "WEB.local:8080", true},
		{"web.local:8080", "db.local:8080", false},
		{":0", ":0", false},
		{":08080", ":8080", true},
		{"", ":8080", false},
	} {
		if overlap(test.a, test.b) != test.want || overlap(test.b, test.a) != test.want {
			t.Errorf("overlap of %q and %q is %v, want %v both ways", test.a, test.b, !test.want, test.want)
		}
	}
}

func TestParseBytes(t *testing.T) {
	for text, want := range map[string]Bytes{"0B": 0, "16KiB": 16 << 10, "1 MiB": 1 << 20, "3GiB": 3 << 30, "17B": 17} {
		if got, err := ParseBytes(text); got != want || err != nil {
			t.Errorf("ParseBytes(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"16384":         "16384 has no unit; write 16KiB",
		"16000":         "16000 has no unit; write 16000B",
		"0":             "0 has no unit; write 0B",
		"16k":           `unit "k" is not known; write 16KiB`,
		"16KB":          `unit "KB" is not known; write 16KiB`,
		"1mib":          `unit "mib" is not known; write 1MiB`,
		"1TiB":          `unit "TiB" is not known; write B, KiB, MiB or GiB, such as 16KiB`,
		"1.5MiB":        `unit ".5MiB" is not known; write B, KiB, MiB or GiB, such as 16KiB`,
		"-1KiB":         `"-1KiB" is not a size; write a whole number with its unit, such as 16KiB`,
		"":              `"" is not a size; write a whole number with its unit, such as 16KiB`,
		"9999999999GiB": "9999999999GiB is too large",
	} {
		if got, err := ParseBytes(text); err == nil || err.Error() != want {
			t.Errorf("ParseBytes(%q) = %d, %v; want %s", text, got, err, want)
		}
	}
}

func TestBytesString(t *testing.T) {
	for b, want := range map[Bytes]string{0: "0B", 17: "17B", 16 << 10: "16KiB", 1 << 20: "1MiB", 3 << 30: "3GiB", 1<<20 + 1: "1048577B"} {
		if got := b.String(); got != want {
			t.Errorf("%d is written %s, want %s", int64(b), got, want)
		}
	}
}

func TestStatusRanges(t *testing.T) {
	ranges, err := ParseStatusRanges("200-299, 304,500-500")
	if err != nil || ranges.String() != "200-299,304,500" {
		t.Fatalf("ParseStatusRanges = %v, %v", ranges, err)
	}
	for code, want := range map[int]bool{199: false, 200: true, 299: true, 300: false, 304: true, 500: true, 501: false} {
		if ranges.Contains(code) != want {
			t.Errorf("%s contains %d: %v, want %v", ranges, code, !want, want)
		}
	}
	for _, text := range []string{"", "2xx", "200-", "-200", "200,", "99", "600", "300-200", "200..299"} {
		if got, err := ParseStatusRanges(text); err == nil {
			t.Errorf("ParseStatusRanges(%q) = %v, want an error", text, got)
		}
	}
}
