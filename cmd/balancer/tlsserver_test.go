package main_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"relais/internal/testkit"
)

// httpsFarm is a farm of one server, which is reached as settings say.
func httpsFarm(more, addr, settings string) string {
	return strings.Replace(farm(more, addr), "address: \""+addr+"\"", "address: \""+addr+"\", "+settings, 1)
}

// TestHTTPSServers has one server whose certificate is sound and several whose is not: the first
// answers, the others are down for the reason that the log tells.
func TestHTTPSServers(t *testing.T) {
	dir := t.TempDir()
	ours, foreign := testkit.NewAuthority(t), testkit.NewAuthority(t)
	testkit.WriteFile(t, filepath.Join(dir, "ca.pem"), ours.CertPEM)
	server := func(pair tls.Certificate) string {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) }))
		s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
		s.StartTLS()
		t.Cleanup(s.Close)
		return s.Listener.Addr().String()
	}
	settings := func(more string) string {
		return fmt.Sprintf("tls: {ca: %q, sni: a.example%s}", filepath.Join(dir, "ca.pem"), more)
	}
	for _, test := range []struct {
		name, addr, tls string
		check, words    string // both empty: up
	}{
		{"sound", server(ours.Pair(t, "a.example")), settings(""), "", ""},
		{"not verified", server(foreign.Pair(t, "b.example")), settings(", verify: false"), "", ""},
		{"unknown authority", server(foreign.Pair(t, "a.example")), settings(""), "L6RSP",
			"TLS handshake: certificate signed by unknown authority; set tls.ca to its file"},
		{"wrong name", server(ours.Pair(t, "b.example")), settings(""), "L6RSP",
			"TLS handshake: certificate is for b.example, not for a.example; set tls.sni"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := run(t, httpsFarm("health_check: {path: /health, inter: 100ms}\n", test.addr, test.tls), nil)
			if test.check == "" {
				testkit.Eventually(t, "checked", func() bool { return r.column(t, "app", "web1", "check_status") == "L7OK" })
				if failure := ask(http.DefaultClient, "http://"+r.addr+"/"); failure != "" {
					t.Error(failure)
				}
				return
			}
			testkit.Eventually(t, "down", func() bool { return r.column(t, "app", "web1", "status") == "DOWN" })
			got := strings.TrimPrefix(r.column(t, "app", "web1", "check_status"), "* ") // a check under way
			if got != test.check {
				t.Errorf("the check says %s", got)
			}
			testkit.Eventually(t, "the reason in the log", func() bool {
				return strings.Contains(r.Stderr.String(), "web1 DOWN after 1 failure: "+test.words)
			})
			r = run(t, httpsFarm("retries: 0\n", test.addr, test.tls), nil) // not checked
			if failure := ask(http.DefaultClient, "http://"+r.addr+"/"); !strings.HasPrefix(failure, "503") {
				t.Errorf("got %s", failure)
			}
			testkit.Eventually(t, "the reason in the access log", func() bool { return strings.Contains(r.Stdout.String(), test.words) })
		})
	}
}
