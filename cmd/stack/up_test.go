package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"relais/internal/testkit"
)

func TestUp(t *testing.T) {
	r := startUp(t, filepath.Join(t.TempDir(), "some", "web", "data"))
	share := map[string]int{}
	for range 30 {
		server, _ := r.get("http://" + r.app + "/")
		share[server]++
	}
	if want := map[string]int{"1": 10, "2": 10, "3": 10}; fmt.Sprint(share) != fmt.Sprint(want) {
		t.Errorf("30 requests went to %v, want %v", share, want)
	}
	for path, part := range map[string]string{
		"/haproxy-stats": "web3", "/haproxy-stats;csv": "app,web3,", "/metrics": `server="web3"`, "/readyz": "ready",
	} {
		if _, body := r.get("http://" + r.stats + path); !strings.Contains(body, part) {
			t.Errorf("%s lacks %q", path, part)
		}
	}
	if strings.Contains(r.stdout.String(), "GET") || strings.Contains(r.stdout.String(), "|") {
		t.Error("it is not quiet")
	}
	r.expectProcesses()
	r.stop()
}

// expectProcesses says what runs, and under which names.
func (r *running) expectProcesses() {
	r.t.Helper()
	var names []string
	for _, pid := range childrenOf(r.pid) {
		names = append(names, commandLine(pid))
		if group, err := syscall.Getpgid(pid); err != nil || group != pid {
			r.t.Errorf("%s is in the process group %d of another: %v", commandLine(pid), group, err)
		}
	}
	slices.Sort(names)
	want := []string{"stack balancer run --config balancer.yml", "stack webapp serve", "stack webapp serve", "stack webapp serve"}
	if !slices.Equal(names, want) {
		r.t.Errorf("children %q, want %q", names, want)
	}
}

func TestMessagesStay(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	r := startUp(t, data, "--web", "2")
	r.post("here to stay")
	r.stop()
	if info, err := os.Stat(data); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the data directory has mode %v, want only the owner to see it: %v", info.Mode(), err)
	}
	r = startUp(t, data, "--web", "1")
	if _, page := r.get("http://" + r.app + "/"); !strings.Contains(page, "here to stay") {
		t.Errorf("the message is gone:\n%s", page)
	}
}

// The environment of whoever starts the stack belongs to something else.
func TestEnvironmentIsNotMixedIn(t *testing.T) {
	for name, value := range map[string]string{
		"SERVER_ID": "other", "SERVER_ID_SUFFIX": "hostname", "PORT": "1", "LISTEN_HOST": "192.0.2.1",
		"MYSQL_HOST": "192.0.2.1", "SQLITE_PATH": "/nowhere/db",
	} {
		t.Setenv(name, value)
	}
	r := startUp(t, t.TempDir(), "--web", "1")
	if server, page := r.get("http://" + r.app + "/"); server != "1" || strings.Contains(page, "unavailable") {
		t.Errorf("answered by %s:\n%s", server, page)
	}
}

// Users of the page and of the API notice nothing of a web server that dies and comes back.
func TestKilledWebServerComesBack(t *testing.T) {
	r := startUp(t, t.TempDir())
	victim := r.children["web2"]
	var done, failed atomic.Int64
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			client := &http.Client{Timeout: testkit.Patience}
			for i := range 250 {
				path := []string{"/", "/api/messages"}[i%2]
				if status, _, body, err := get(client, "http://"+r.app+path); err != nil || status != http.StatusOK || strings.Contains(body, "unavailable") {
					failed.Add(1)
					t.Logf("%d, %v\n%s", status, err, body)
				}
				done.Add(1)
			}
		})
	}
	testkit.Eventually(t, "the load runs", func() bool { return done.Load() > 200 })
	if err := syscall.Kill(victim, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	clients.Wait()
	if failed.Load() > 0 {
		t.Errorf("%d of %d requests failed", failed.Load(), done.Load())
	}
	r.expectOutput("web2 died (killed by signal 9); starting it again in 200 ms\n")
	testkit.Eventually(t, "web2 answers again", func() bool {
		server, _ := r.get("http://" + r.app + "/")
		return server == "2"
	})
	r.stop()
}

func TestKilledBalancerComesBack(t *testing.T) {
	r := startUp(t, t.TempDir(), "--web", "1")
	if err := syscall.Kill(r.children["Application"], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	r.expectOutput("balancer died (killed by signal 9); starting it again in 200 ms\n")
	testkit.Eventually(t, "the application answers again", func() bool {
		status, _, _, err := get(newClient(), "http://"+r.app+"/")
		return err == nil && status == http.StatusOK
	})
}

func TestBind(t *testing.T) {
	// 127.0.0.2 is another address of this machine.
	listens := func(address string) bool {
		conn, err := net.Dial("tcp", "127.0.0.2:"+portOf(address))
		if err == nil {
			conn.Close()
		}
		return err == nil
	}
	tests := []struct {
		name, bind string
		app, stats bool // listen on another address, too
	}{
		{"default", "", true, false},
		{"loopback", "127.0.0.1", false, false},
		{"everything", "0.0.0.0", true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := startUp(t, t.TempDir(), "--web", "1", "--bind", tt.bind)
			if got := listens(r.app); got != tt.app {
				t.Errorf("application on another address: %v, want %v", got, tt.app)
			}
			if got := listens(r.stats); got != tt.stats {
				t.Errorf("stats page on another address: %v, want %v", got, tt.stats)
			}
			if listens(r.web[0]) {
				t.Error("the web server listens on another address")
			}
		})
	}
}

func TestAccessLog(t *testing.T) {
	r := startUp(t, t.TempDir(), "--web", "1", "--access-log")
	r.get("http://" + r.app + "/?a=%1b")
	r.expectOutput("INFO  GET /?a=%1b 200 from web1 in ")
}

func TestPortsInUse(t *testing.T) {
	var ports []string
	for range 2 {
		ln, err := net.Listen("tcp", ":0") // everywhere, so that nobody else has the port on another address
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		ports = append(ports, strconv.Itoa(ln.Addr().(*net.TCPAddr).Port))
	}
	code, stdout, stderr := run(t, upArgs(t.TempDir(), "--port", ports[0], "--stats-port", ports[1])...)
	want := fmt.Sprintf("port %s, for the application, is in use by stack.test (pid %d): stop it, or choose another port with --port\n"+
		"port %s, for the stats page, is in use by stack.test (pid %[2]d): stop it, or choose another port with --stats-port\n",
		ports[0], os.Getpid(), ports[1])
	if code != 1 || stdout != "" || stderr != want {
		t.Errorf("exit %d, %s\n%s\nwant:\n%s", code, stdout, stderr, want)
	}
}

func TestSecondStackOnTheSameData(t *testing.T) {
	r := startUp(t, t.TempDir(), "--web", "1")
	code, _, stderr := run(t, upArgs(r.data)...)
	want := fmt.Sprintf("data directory %s is in use by another stack (pid %d): stop that one, or choose another directory with --data\n", r.data, r.pid)
	if code != 1 || stderr != want {
		t.Errorf("exit %d, %s\nwant %s", code, stderr, want)
	}
	r.get("http://" + r.app + "/")
}

func TestCommandLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args           string
		code           int
		stdout, stderr string // parts
	}{
		{"", 0, "up          Start everything, until Ctrl-C", ""},
		{"--help", 0, "up          Start everything, until Ctrl-C", ""},
		{"up --help", 0, "--access-log", ""},
		{"bogus", 2, "", `stack does not know "bogus"`},
		{"up now", 2, "", `stack up does not know "now"`},
		{"up --bogus", 2, "", "--bogus"},
		{"up --web many", 2, "", "--web"},
		{"up --web 65", 2, "", "say 1 to 64"},
		{"balancer run --bogus", 2, "", "--bogus"},
		{"webapp bogus", 2, "", "bogus"},
		{"up --data " + file, 1, "", "not a directory"},
		{"balancer check --config " + file, 1, "", file},
		{"balancer version", 0, "relais", ""},
		{"balancer check --config testdata/balancer.yml", 0, "is valid", ""},
	}
	for _, tt := range tests {
		code, stdout, stderr := run(t, strings.Fields(tt.args)...)
		if code != tt.code || !strings.Contains(stdout, tt.stdout) || !strings.Contains(stderr, tt.stderr) || (code == 0) != (stderr == "") {
			t.Errorf("stack %s: exit %d, want %d with %q %q\n%s%s", tt.args, code, tt.code, tt.stdout, tt.stderr, stdout, stderr)
		}
	}
}
