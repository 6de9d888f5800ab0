package main_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/internal/testkit"
)

// island is a network namespace with one address, which can be cut off: what it sends does not
// arrive any more, and nobody is told.
type island struct {
	name, link, ours, address string
}

func newIsland(t *testing.T) *island {
	t.Helper()
	testkit.Program(t, "ip")
	testkit.Program(t, "nsenter")
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("only root can make a network namespace")
		}
		t.Skip("only root can make a network namespace")
	}
	id := os.Getpid() % 60000
	net := fmt.Sprintf("10.213.%d.", id%250)
	i := &island{name: fmt.Sprint("relais", id), link: fmt.Sprint("rl", id), ours: net + "1", address: net + "2"}
	ip(t, "netns", "add", i.name)
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", i.name).Run() }) // and the link with it
	ip(t, "link", "add", i.link, "type", "veth", "peer", "name", "eth0", "netns", i.name)
	ip(t, "address", "add", i.ours+"/30", "dev", i.link)
	ip(t, "link", "set", i.link, "up")
	i.run(t, "ip", "address", "add", i.address+"/30", "dev", "eth0")
	i.run(t, "ip", "link", "set", "eth0", "up")
	return i
}

func (i *island) cutOff(t *testing.T) { i.run(t, "ip", "route", "add", "blackhole", i.ours+"/32") }

func (i *island) reconnect(t *testing.T) { i.run(t, "ip", "route", "del", "blackhole", i.ours+"/32") }

// inside makes a command one that runs in the namespace. Not with ip netns exec, which also wants
// to mount things.
func (i *island) inside(command ...string) []string {
	return append([]string{"nsenter", "--net=/run/netns/" + i.name}, command...)
}

func (i *island) run(t *testing.T, command ...string) {
	t.Helper()
	execute(t, i.inside(command...)...)
}

func ip(t *testing.T, args ...string) {
	t.Helper()
	execute(t, append([]string{"ip"}, args...)...)
}

func execute(t *testing.T, command ...string) {
	t.Helper()
	if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", strings.Join(command, " "), err, out)
	}
}

// TestCutNetwork cuts the network of one of three servers under load, and mends it. No GET fails,
// the server is down no later than its check allows, page, log and metrics say why, and it comes
// back slowly.
func TestCutNetwork(t *testing.T) {
	away := newIsland(t)
	_, addrs, _ := webServers(t, 2)
	addrs = append(addrs, away.address+":5000")
	program := away.inside(webappPath, "serve")
	testkit.Start(t, func(c *exec.Cmd) {
		c.Env = append(os.Environ(), "SERVER_ID=3", "PORT=5000", "LISTEN_HOST="+away.address,
			"SQLITE_PATH="+filepath.Join(t.TempDir(), "app.db"), "MYSQL_HOST=")
	}, program[0], program[1:]...)
	const inter, timeout, fall = 300 * time.Millisecond, 300 * time.Millisecond, 2
	r := run(t, farm(fmt.Sprintf("health_check: {path: /health, inter: %v, timeout: %v, fall: %d, initial: down}\nslowstart: 4s\n", inter, timeout, fall), addrs...), nil)
	status := func() string { return r.column(t, "app", "web3", "status") }
	testkit.Eventually(t, "web3 is UP", func() bool { return status() == "UP" })
	l := startLoad("http://"+r.addr+"/health", 8)
	l.proceed(t, 1000)

	away.cutOff(t)
	cut := time.Now()
	testkit.Eventually(t, "web3 is DOWN", func() bool { return status() == "DOWN" })
	if took, most := time.Since(cut), fall*inter+timeout+time.Second; took > most {
		t.Errorf("it took %v to notice, want %v at most", took, most)
	}
	testkit.Eventually(t, "the log says why", func() bool {
		return strings.Contains(r.Stderr.String(), "web3 DOWN after 2 failures: no connection within 300ms")
	})
	if _, metrics := r.get(t, "/metrics"); !strings.Contains(metrics, `haproxy_server_status{proxy="app",server="web3",state="DOWN"} 1`) {
		t.Error("the metrics do not say that web3 is down")
	}
	l.proceed(t, 1000)
	away.reconnect(t)
	testkit.Eventually(t, "web3 is UP", func() bool { return strings.HasPrefix(status(), "UP") })
	if throttle := r.column(t, "app", "web3", "throttle"); throttle == "" || throttle == "100" {
		t.Errorf("it came back at once, with %q percent", throttle)
	}
	testkit.Eventually(t, "web3 gets its whole share", func() bool { return r.column(t, "app", "web3", "throttle") == "" })
	l.end(t)
	if failure := ask(http.DefaultClient, "http://"+r.addr+"/health"); failure != "" {
		t.Error(failure)
	}
}
