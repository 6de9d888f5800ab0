package file

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"relais/internal/config"
	"relais/internal/testkit"
)

// minimal is what the smallest file means: one frontend, one backend, one server, all defaults.
func minimal() *config.Config {
	cfg := config.New()
	cfg.Frontends = []*config.Frontend{frontend("web", ":8080")}
	cfg.Backends = []*config.Backend{backend("app", server("web1", "127.0.0.1:5001"))}
	return cfg
}

func frontend(name string, bind ...string) *config.Frontend {
	f := config.NewFrontend()
	f.Name, f.DefaultBackend = name, "app"
	for _, address := range bind {
		f.Bind = append(f.Bind, config.Bind{Address: address})
	}
	return f
}

func backend(name string, servers ...*config.Server) *config.Backend {
	b := config.NewBackend()
	b.Name, b.Servers = name, servers
	return b
}

func server(name, address string) *config.Server {
	s := config.NewServer()
	s.Name, s.Address = name, address
	return s
}

func check(path string) *config.HealthCheck {
	h := config.NewHealthCheck()
	h.Path = path
	return h
}

func TestValid(t *testing.T) {
	wants := map[string]func() *config.Config{
		"minimal":        minimal,
		"windows":        minimal,
		"document-marks": minimal,
		"everything":     everything,
		"short-forms":    shortForms,
		"anchors":        anchors,
		"variables":      variables,
	}
	files, err := filepath.Glob("testdata/valid/*.yml")
	if err != nil || len(files) != len(wants) {
		t.Fatalf("found %d files for %d tests: %v", len(files), len(wants), err)
	}
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".yml")
		t.Run(name, func(t *testing.T) {
			got, err := Load(path, environment)
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, wants[name]())
		})
	}
}

// Paths are relative to the directory of the file, wherever the balancer is started.
func TestTLSBeside(t *testing.T) {
	dir := t.TempDir()
	testkit.NewAuthority(t).Files(t, dir, "site", nil, "a.example")
	text := strings.Replace(minimalText, `bind: ":8080"`, `bind: [{address: ":8443", tls: {certificates: [{cert: site.pem, key: ./site.key}], client_ca: `+dir+`/site.pem}}]`, 1)
	text = strings.Replace(text, `:5001"`, `:5001", tls: {ca: site.pem, sni: web}`, 1)
	text += "stats: {tls: {certificates: [{cert: site.pem, key: site.key}]}}\n"
	testkit.WriteFile(t, filepath.Join(dir, "balancer.yml"), []byte(text))
	got, err := Load(filepath.Join(dir, "balancer.yml"), environment)
	if err != nil {
		t.Fatal(err)
	}
	want := minimal()
	site := config.NewPath(filepath.Join(dir, "site.pem"))
	want.Frontends[0].Bind[0] = config.Bind{Address: ":8443", TLS: &config.TLS{
		MinVersion: "1.2", ClientCA: site,
		Certificates: []config.Certificate{{Cert: site, Key: config.NewPath(filepath.Join(dir, "site.key"))}},
	}}
	want.Backends[0].Servers[0].TLS = &config.ServerTLS{Verify: true, CA: site, SNI: "web"}
	want.Stats.TLS = &config.TLS{MinVersion: "1.2", Certificates: want.Frontends[0].Bind[0].TLS.Certificates}
	same(t, got, want)
}

// checkOf is a check of another type than http, with what all types have.
func checkOf(kind string) *config.HealthCheck {
	h := config.NewHealthCheck()
	h.Type, h.Method, h.Path, h.Version, h.ExpectStatus = kind, "", "", "", nil
	return h
}

// same compares two configurations, wherever they are from, and tells only what differs.
func same(t *testing.T, got, want *config.Config) {
	t.Helper()
	plain := *got
	plain.Sources, plain.Variables = nil, nil
	compare(t, "", reflect.ValueOf(&plain), reflect.ValueOf(want))
}

func compare(t *testing.T, path string, got, want reflect.Value) {
	t.Helper()
	switch {
	case reflect.DeepEqual(got.Interface(), want.Interface()):
	case got.Type() == reflect.TypeFor[config.Path]():
		if g, w := fmt.Sprint(got.Interface()), fmt.Sprint(want.Interface()); g != w {
			t.Errorf("%s = %s, want %s", path, g, w)
		}
	case got.Kind() == reflect.Map && got.Len() == want.Len():
		for _, key := range want.MapKeys() {
			if !got.MapIndex(key).IsValid() {
				t.Errorf("%s[%v] is missing", path, key)
				continue
			}
			compare(t, path, got.MapIndex(key), want.MapIndex(key))
		}
	case got.Kind() == reflect.Pointer && !got.IsNil() && !want.IsNil():
		compare(t, path, got.Elem(), want.Elem())
	case got.Kind() == reflect.Struct:
		for i := range got.NumField() {
			compare(t, path+"."+got.Type().Field(i).Name, got.Field(i), want.Field(i))
		}
	case got.Kind() == reflect.Slice && got.Len() == want.Len():
		for i := range got.Len() {
			compare(t, path+"[]", got.Index(i), want.Index(i))
		}
	default:
		t.Errorf("%s = %v, want %v", path, got.Interface(), want.Interface())
	}
}

func everything() *config.Config {
	web, api := frontend("web", ":8080", "[::1]:8081", "unix@testdata/valid/web.sock", "fd@3"), frontend("api", "127.0.0.1:8082")
	web.Bind[1].AcceptProxy = &config.AcceptProxy{From: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::1/128")}}
	web.Bind[2].Mode, web.Bind[2].AcceptProxy = 0o660, &config.AcceptProxy{}
	web.RedirectHTTPS, web.Syntax, web.TrustedProxies = true, "report", web.Bind[1].AcceptProxy.From
	web.Maxconn, api.Maxconn = 500, 900
	sorry := config.NewPath("testdata/valid/sorry.http")
	web.ErrorFiles, api.ErrorFiles = map[int]config.Path{400: sorry, 503: sorry, 504: sorry}, map[int]config.Path{503: sorry, 504: sorry}
	web.Timeout = config.Timeouts{Client: 20 * time.Second, HTTPRequest: 4 * time.Second, HTTPKeepAlive: 5 * time.Second}
	api.Timeout = config.Timeouts{Client: 2 * time.Second, HTTPRequest: 4 * time.Second, HTTPKeepAlive: 5 * time.Second}
	api.DefaultBackend = "app.v2"
	web.Monitor, api.Monitor = &config.Monitor{Path: "/lb-health", FailBelow: 2}, &config.Monitor{Path: "/up", FailBelow: 2}
	web.Request, web.Rules, web.Response = everyEdit(), everyRule(), []config.Edit{{
		SetHeader: map[string]string{"X-Served-By": "{backend}/{server}"}, DelHeader: []string{"Server"},
	}}
	mysql := frontend("mysql", ":3306")
	mysql.Mode, mysql.Maxconn, mysql.DefaultBackend = "tcp", 900, "database"
	mysql.Timeout.Client, mysql.Timeout.HTTPRequest = 2*time.Second, 4*time.Second // and http_keep_alive of defaults is not for it

	web1, web2 := server("web1", "web-server-1:5000"), server("web2", "[fd00::2]:5000")
	web1.Weight, web1.Disabled, web2.Weight = 0, true, 256
	web3, web4 := server("web3", "unix@testdata/valid/app.sock"), server("web4", "10.0.0.4:5000")
	web2.Maxconn, web2.SendProxy, web3.SendProxy = 30, "v2", "v1"
	web4.TLS = &config.ServerTLS{SNI: "app.example.com"}
	all := server("web", "web:5000")
	all.Resolve, all.ResolveInterval, all.HonorTTL = "all", 5*time.Second, true
	app, v2 := backend("app", web1, web2, web3, web4, all), backend("app.v2", server("v2:1", "10.0.0.9:5000"))
	app.Retries, v2.Retries, app.Maxqueue = 0, 1, 100
	app.Timeout = config.Timeouts{Connect: time.Second, Server: 30 * time.Second, Queue: 7 * time.Second, Tunnel: 6 * time.Second}
	v2.Timeout = config.Timeouts{Connect: time.Second, Server: 3 * time.Second, Queue: 7 * time.Second, Tunnel: 6 * time.Second}
	database := backend("database", server("db1", "10.0.0.10:3306"))
	database.Mode, database.Retries, database.Timeout = "tcp", 1, v2.Timeout
	shadow, cache := backend("shadow", server("s1", "10.0.0.10:5000")), backend("cache", server("c1", "10.0.0.11:6379"))
	shadow.Retries, shadow.Timeout, shadow.Servers[0].Track = 1, v2.Timeout, "app/web4"
	cache.Mode, cache.Retries, cache.Timeout = "tcp", 1, v2.Timeout
	everyBalance(app, v2, database, cache, shadow)
	app.HealthCheck = &config.HealthCheck{
		Type: "http", Method: "HEAD", Path: "/health?deep=1", Host: "app.example.com", Version: "1.0",
		Headers: map[string]string{"X-Check": "1", "Accept": "text/plain"}, Body: "ping",
		ExpectStatus: config.StatusRanges{{From: 200, To: 299}, {From: 304, To: 304}},
		ExpectHeader: []config.FieldMatch{{Name: "X-Ready", Value: "yes"}, {Name: "X-Maintenance", Absent: true}},
		ExpectString: "pong", ExpectRegex: "^pong$", DisableOn404: true,
		Address: "10.0.0.8", Port: 9000, TLS: &config.ServerTLS{Verify: true, SNI: "check.example.com"},
		Fastinter: 100 * time.Millisecond, Downinter: 3 * time.Second,
		Inter: 500 * time.Millisecond, Timeout: 250 * time.Millisecond, Rise: 1, Fall: 5, Initial: "down",
	}
	v2.HealthCheck, cache.HealthCheck, database.HealthCheck = checkOf("tcp"), checkOf("redis"), checkOf("mysql")
	v2.HealthCheck.Steps = []config.Step{{Send: `PING\r\n`}, {Expect: `+\x50ONG`}, {ExpectRegex: "^[+]"}}
	password := config.NewPath("testdata/valid/key.txt")
	cache.HealthCheck.PasswordFile, database.HealthCheck.PasswordFile, database.HealthCheck.User = password, password, "relais"

	more, moreBackend := everyIncluded(api, shadow)
	for _, b := range []*config.Backend{v2, database, shadow, cache, moreBackend} {
		b.HardStopAfter = 2 * time.Hour
	}
	app.HardStopAfter = 10 * time.Minute

	return &config.Config{
		Version: 1,
		Log: config.Log{
			Level: "debug", Format: "console", Output: "/var/log/relais/relais.log",
			Syslog: config.Syslog{Facility: "local7", Format: "rfc3164", Tag: "lb", Len: 2 << 10},
		},
		AccessLog: config.AccessLog{
			Output: "syslog://logs.example.com:1514", Format: "httplog", Sample: 0.1, Slow: 500 * time.Millisecond,
			Syslog: config.Syslog{Facility: "local1", Format: "rfc5424", Tag: "haproxy", Hostname: "lb1", Len: 1 << 10},
		},
		Explain:         config.Explain{Mode: "off", Slow: 3 * time.Second},
		Stats:           everyStats(),
		AdminSocket:     &config.AdminSocket{Path: "testdata/valid/run.sock", Mode: 0o660, Group: "ops", Level: "operator"},
		StateFile:       "testdata/valid/relais.state",
		Resolvers:       config.Resolvers{Nameservers: []string{"10.0.0.53:53", "10.0.0.54:5353", "[fd00::53]:53"}, Timeout: 2 * time.Second},
		ShutdownTimeout: 90 * time.Second,
		Limits:          config.Limits{Maxconn: 20000, MaxHeaderSize: 32 << 10, MaxHeaders: 200},
		Frontends:       []*config.Frontend{web, api, mysql, more},
		Backends:        []*config.Backend{app, v2, database, cache, shadow, moreBackend},
	}
}

func everyStats() config.Stats {
	hash := config.NewPath("testdata/valid/ops.bcrypt")
	return config.Stats{
		Bind: "127.0.0.1:9404", Path: "/admin/stats", Admin: true,
		Users:            []config.User{{Name: "ops", PasswordFile: hash, Role: "operate"}, {Name: "look@example.com", PasswordFile: hash, Role: "read"}},
		MetricsFrom:      []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/8")},
		MetricsTokenFile: config.NewPath("testdata/valid/key.txt"),
		Hosts:            []string{"stats.example.com", "192.0.2.1"},
	}
}

// everyIncluded is what conf.d adds to everything.yml; what it inherits is as in two of its sections.
func everyIncluded(f *config.Frontend, b *config.Backend) (*config.Frontend, *config.Backend) {
	more, backend := *f, *b
	more.Name, more.DefaultBackend, more.Bind = "more", "more", []config.Bind{{Address: "unix@testdata/valid/conf.d/more.sock"}}
	more1 := server("more1", "_http._tcp.more.example")
	more1.Weight, more1.Resolve = 2, "all"
	backend.Name, backend.Servers, backend.Balance = "more", []*config.Server{more1}, config.NewBackend().Balance
	backend.Cookie = config.NewCookie()
	backend.Cookie.Name, backend.Cookie.Secure = "SRV", true
	return &more, &backend
}

func everyEdit() []config.Edit {
	return []config.Edit{
		{
			If:        &config.Match{Source: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
			SetHeader: map[string]string{"X-Client": "{client_ip}:{client_port} {{"},
			AddHeader: map[string]string{"X-Via": "relais"},
			DelHeader: []string{"X-Debug", "X-Trace"},
		},
		{SetHost: "app.internal", SetPath: "/v2{path}", StripPrefix: "/v1"},
		{ReplacePath: &config.Replace{Regex: "^/old/(.*)", With: "/new/${1}"}},
	}
}

func everyRule() []config.Rule {
	sorry := config.NewPath("testdata/valid/sorry.http")
	path := func(paths ...string) config.Match { return config.Match{Path: paths} }
	return []config.Rule{
		{Match: path("/busy"), RateLimit: &config.RateLimit{Requests: 5, Per: time.Minute, Burst: 10, Header: "X-User"}},
		{Match: path("/export", "/import"), Concurrency: &config.Concurrency{Requests: 3}},
		{Match: config.Match{
			Host: []string{"*.example.com", "EXAMPLE.com"}, PathPrefix: []string{"/v1/"}, Method: []string{"GET", "M-SEARCH"},
		}, Backend: "app.v2"},
		{Match: config.Match{
			PathRegex: "^/(a|b)$", Header: []config.FieldMatch{{Name: "X-Beta", Value: "1"}},
			Query: []config.FieldMatch{
				{Name: "lang", Value: "en"}, {Name: "page", Regex: "^[0-9]+$"}, {Name: "q", Prefix: "a"}, {Name: "debug", Absent: true},
			},
			Source: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("::1/128")},
		}, Split: []config.Split{{Backend: "app", Weight: 9}, {Backend: "app.v2", Weight: 1}}},
		{Match: path("/old"), Redirect: &config.Redirect{Location: "https://{host}/new", Code: 302}},
		{Match: path("/moved"), Redirect: &config.Redirect{Prefix: "https://example.com", Code: 308}},
		{Match: config.Match{Header: []config.FieldMatch{{Name: "X-Gone", Value: "yes"}}},
			Return: &config.Return{Status: 410, ContentType: "text/html", Body: "gone"}},
		{Match: path("/file"), Return: &config.Return{Status: 200, ContentType: "text/plain", File: sorry}},
		{Deny: 403},
	}
}

// everyBalance gives the backends of everything.yml what decides who gets a request.
func everyBalance(app, v2, database, cache, shadow *config.Backend) {
	app.Balance = config.Balance{Algorithm: "uri", Draws: 2, URI: config.URI{Whole: true, PathOnly: true, Len: 80, Depth: 3}}
	app.Hash = config.Hash{Type: "consistent", Function: "crc32", Avalanche: true, BalanceFactor: 150}
	app.RetryOn = []string{"conn-failure", "empty-response", "junk-response", "response-timeout", "500", "502", "503", "504", "429"}
	app.RetryBudget = config.RetryBudget{Ratio: 0.5, Floor: 20}
	app.AllBackups, app.Slowstart, app.SlowstartFirst, app.PanicThreshold = true, 30*time.Second, true, 40
	app.Cookie = &config.Cookie{
		Name: "SRV", Mode: "prefix", KeyFile: config.NewPath("testdata/valid/key.txt"), Domain: ".example.com", Path: "/app", Secure: true,
		SameSite: "strict", MaxAge: 365 * 24 * time.Hour,
	}
	app.Agent = &config.Agent{Port: 8081, Host: "10.0.0.7", Send: "state\n", Inter: 3 * time.Second}
	app.Observe, app.ErrorLimit, app.OnError, app.OnMarkedDown = "layer7", 5, "mark-down", "shutdown-sessions"
	app.Servers[0].Cookie, app.Servers[1].Backup = "one", true
	v2.Balance.Algorithm, v2.Balance.Header, v2.RetryOn = "header", "X-User", nil
	database.Balance.Algorithm, database.Balance.Draws, database.RetryOn = "random", 3, []string{"conn-failure"}
	database.Agent = &config.Agent{Port: 9999, Inter: 2 * time.Second}
	cache.Balance.Algorithm, shadow.Balance.Algorithm = "leastconn", "random"
	shadow.Cookie = config.NewCookie()
	shadow.Cookie.Name, shadow.Cookie.Secure = "SHADOW", true
}

func shortForms() *config.Config {
	cfg := config.New()
	cfg.AccessLog.Output = "off"
	cfg.Stats.Bind = ""
	cfg.Stats.Users = []config.User{{Name: "ops", PasswordFile: config.NewPath("testdata/valid/users.htpasswd"), Role: "read"}}
	cfg.Stats.Hosts, cfg.Stats.MetricsFrom = []string{"stats.example.com"}, []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	cfg.AdminSocket = config.NewAdminSocket()
	cfg.AdminSocket.Path = "testdata/valid/run/admin.sock"
	cfg.Resolvers.Nameservers = []string{"10.0.0.53:53"}
	cfg.Frontends = []*config.Frontend{frontend("web", ":0"), frontend("again", ":0")}
	cfg.Frontends[0].TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}
	encrypted, too := server("web1", "localhost:5001"), server("web2", "localhost:5002")
	encrypted.TLS, too.TLS = &config.ServerTLS{Verify: true}, &config.ServerTLS{Verify: true}
	app, code := backend("app", server("web1", "localhost:5001")), backend("code", encrypted, too, server("web3", "localhost:5003"))
	app.HealthCheck, code.HealthCheck = check("/health"), check("/health")
	code.HealthCheck.ExpectStatus = config.StatusRanges{{From: 204, To: 204}}
	cfg.Backends = []*config.Backend{app, code}
	return cfg
}

func anchors() *config.Config {
	cfg := minimal()
	web1, web2 := server("web1", "127.0.0.1:5001"), server("web2", "127.0.0.1:5002")
	web1.Weight, web1.Disabled, web2.Weight = 5, true, 9
	app, other := backend("app", web1, web2), backend("other", server("web1", "127.0.0.1:5001"))
	app.HealthCheck, other.HealthCheck = check("/health"), check("/health")
	app.HealthCheck.Rise, other.HealthCheck.Rise = 4, 4
	cfg.Backends = []*config.Backend{app, other}
	return cfg
}

func variables() *config.Config {
	cfg := minimal()
	cfg.Frontends[0].Timeout.Client = 9 * time.Second
	cfg.Backends[0].HealthCheck = check("/ready")
	web1 := cfg.Backends[0].Servers[0]
	web1.Name, web1.Weight, web1.Disabled = "word1", 7, true
	return cfg
}
