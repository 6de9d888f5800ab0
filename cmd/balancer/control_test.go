package main_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"relais/internal/testkit"
)

// operated is a balancer with a runtime socket and a state file, which outlive its process.
type operated struct {
	*running
	dir string // with both
}

// operate starts a balancer that keeps socket and state in a folder of its own.
func operate(t *testing.T, config string) *operated {
	t.Helper()
	return operateIn(t, t.TempDir(), config)
}

func operateIn(t *testing.T, dir, config string) *operated {
	t.Helper()
	o := &operated{dir: dir}
	o.running = run(t, o.with(config), nil)
	return o
}

// with puts what operators need in front of a configuration.
func (o *operated) with(config string) string {
	return fmt.Sprintf("admin_socket: %s\nstate_file: %s\n", o.socket(), o.state()) + config
}

func (o *operated) socket() string { return filepath.Join(o.dir, "cli") }
func (o *operated) state() string  { return filepath.Join(o.dir, "state") }

// change replaces the configuration file and has it read.
func (o *operated) change(t *testing.T, config string) {
	t.Helper()
	o.configure(t, o.with(config))
	o.reload(t)
	if lines := strings.Split(o.Stderr.String(), "\n"); strings.Contains(lines[len(lines)-2], "not reloaded") {
		t.Fatal(lines[len(lines)-2])
	}
}

// again ends the balancer with a signal and starts another one in its place.
func (o *operated) again(t *testing.T, with syscall.Signal) {
	t.Helper()
	config, err := os.ReadFile(o.config)
	if err != nil {
		t.Fatal(err)
	}
	o.Signal(with)
	o.ExitCode(t)
	o.running = run(t, string(config), nil)
}

// say gives a command on the runtime socket and returns the answer without the empty line at its end.
func (o *operated) say(t *testing.T, command string) string {
	t.Helper()
	conn, err := net.Dial("unix", o.socket())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(testkit.Patience))
	_, _ = io.WriteString(conn, command+"\n")
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return strings.TrimRight(string(answer), "\n")
}

// do gives commands that are done without a word.
func (o *operated) do(t *testing.T, commands ...string) {
	t.Helper()
	for _, command := range commands {
		if answer := o.say(t, command); answer != "" {
			t.Fatalf("%s: %s", command, answer)
		}
	}
}

// logged waits until the log says something.
func (o *operated) logged(t *testing.T, words string) {
	t.Helper()
	testkit.Eventually(t, "the log says "+words, func() bool { return strings.Contains(o.Stderr.String(), words) })
}

// status waits until a server of the backend app has a status in the statistics.
func (o *operated) status(t *testing.T, server, want string) {
	t.Helper()
	testkit.Eventually(t, server+" is "+want, func() bool { return o.column(t, "app", server, "status") == want })
}

// body asks for a path and returns the answer, or why there is none. fields are a name and a value.
func (o *operated) body(path string, fields ...string) string {
	return bodyOf("http://"+o.addr+path, fields...)
}

func bodyOf(url string, fields ...string) string {
	request, _ := http.NewRequest(http.MethodGet, url, nil)
	for i := 0; i+1 < len(fields); i += 2 {
		request.Header.Set(fields[i], fields[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: testkit.Patience}
	answer, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return string(text)
}

// share returns how many of so many requests each server has answered, by its name.
func (o *operated) share(requests int) map[string]int {
	by := map[string]int{}
	for range requests {
		by[o.body("/")]++
	}
	return by
}

// origin is a server that answers with its name. It counts its checks, and keeps who asks for
// /hold waiting until it lets go.
type origin struct {
	addr         string
	checks, held atomic.Int64
	release      chan struct{}
}

func newOrigin(t *testing.T, name string) *origin {
	t.Helper()
	o := &origin{release: make(chan struct{})}
	o.addr = testkit.Address(testkit.HTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/health":
			o.checks.Add(1)
		case "/hold":
			o.held.Add(1)
			select {
			case <-o.release:
			case <-r.Context().Done():
			}
		}
		_, _ = io.WriteString(w, name)
	}))
	return o
}

// hold has a request wait at the server; the answer comes on the channel.
func (o *origin) hold(t *testing.T, ask func() string) <-chan string {
	t.Helper()
	before, answer := o.held.Load(), make(chan string, 1)
	go func() { answer <- ask() }()
	testkit.Eventually(t, "the request is at the server", func() bool { return o.held.Load() > before })
	return answer
}

// TestControlWeight moves the shares of two servers, by either command, and back.
func TestControlWeight(t *testing.T) {
	a, b := newOrigin(t, "a"), newOrigin(t, "b")
	o := operate(t, farm("", a.addr, b.addr))
	for _, test := range []struct {
		command, weight string
		a, b            int
	}{
		{"set weight app/web1 3", "3 (initial 1)", 30, 10},
		{"set server app/web2 weight 9", "9 (initial 1)", 10, 30},
		{"set weight app/web1 0", "0 (initial 1)", 0, 40},
		{"set weight app/web1 900%", "9 (initial 1)", 20, 20},
	} {
		o.do(t, test.command)
		server := strings.Fields(strings.Replace(test.command, "set server", "set weight", 1))[2]
		if got := o.say(t, "get weight "+server); got != test.weight {
			t.Errorf("after %q the weight is %q, want %q", test.command, got, test.weight)
		}
		o.share(40) // let the round begin anew
		if got := o.share(40); got["a"] < test.a-1 || got["a"] > test.a+1 || got["a"]+got["b"] != 40 {
			t.Errorf("after %q: %v, want %d and %d", test.command, got, test.a, test.b)
		}
	}
}

// TestControlMaxconn bounds a server, a frontend and the process while requests are under way.
func TestControlMaxconn(t *testing.T) {
	a := newOrigin(t, "a")
	o := operate(t, farm("", a.addr))
	hold := func() string { return o.body("/hold") }
	waits := func(command, undo string, until func() bool) {
		t.Helper()
		held := a.hold(t, hold)
		o.do(t, command)
		others := make(chan string, 2)
		for range 2 {
			go func() { others <- o.body("/") }()
		}
		testkit.Eventually(t, "others wait after "+command, until)
		select {
		case got := <-others:
			t.Errorf("after %q another request got %q", command, got)
		default:
		}
		a.release <- struct{}{}
		for _, answers := range []<-chan string{held, others, others} {
			if got := <-answers; got != "a" {
				t.Errorf("after %q somebody got %q", command, got)
			}
		}
		o.do(t, undo)
	}
	waits("set maxconn server app/web1 1", "set maxconn server app/web1 0", func() bool { return o.column(t, "app", "BACKEND", "qcur") == "2" })
	// One client that is kept waiting has been accepted, the next one has not.
	backlog := func() bool { return backlogOf(t, o.addr) == 1 }
	waits("set maxconn frontend web 1", "set maxconn frontend web 1000", backlog)
	if got := o.column(t, "web", "FRONTEND", "slim"); got != "1000" {
		t.Errorf("the frontend's limit is %q", got)
	}
	waits("set maxconn global 1", "set maxconn global 1000", backlog)
	if info := o.say(t, "show info"); !strings.Contains(info, "\nMaxconn: 1000\n") {
		t.Errorf("show info says\n%s", info)
	}
	o.again(t, syscall.SIGKILL)
	if got := o.column(t, "web", "FRONTEND", "slim"); got != "1000" {
		t.Errorf("after kill -9 the frontend's limit is %q", got)
	}
	if info := o.say(t, "show info"); !strings.Contains(info, "\nMaxconn: 1000\n") {
		t.Errorf("after kill -9 show info says\n%s", info)
	}
	o.change(t, "limits: {maxconn: 500}\n"+strings.Replace(farm("", a.addr), "name: web,", "name: web, maxconn: 1,", 1))
	if info := o.say(t, "show info"); !strings.Contains(info, "\nMaxconn: 500\n") {
		t.Errorf("after the file has changed show info says\n%s", info)
	}
	waits("set weight app/web1 2", "set weight app/web1 1", backlog) // for the file's maxconn
}

// backlogOf is how many connections wait to be accepted on a port.
func backlogOf(t *testing.T, addr string) (waiting int64) {
	t.Helper()
	text, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(addr)
	var number int
	_, _ = fmt.Sscan(port, &number)
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) > 4 && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", number)) && f[3] == "0A" { // it listens
			_, _ = fmt.Sscanf(f[4], "%08x:%08x", new(int64), &waiting)
		}
	}
	return waiting
}

// TestControlFrontend closes a frontend and opens it again: what runs ends as it would, and who
// comes then is refused, also after a restart.
func TestControlFrontend(t *testing.T) {
	a := newOrigin(t, "a")
	addr, other := testkit.RefusingAddr(t), testkit.RefusingAddr(t)
	config := strings.Replace(farm("", a.addr), `"127.0.0.1:0", default_backend: app}`,
		`"`+addr+`", default_backend: app}`+"\n  - {name: other, bind: \""+other+`", default_backend: app}`, 1)
	o := operate(t, config)
	refused := func(addr string) bool { return strings.Contains(bodyOf("http://"+addr), "connection refused") }
	held := a.hold(t, func() string { return o.body("/hold") })
	o.do(t, `disable frontend web reason "move house"`)
	testkit.Eventually(t, "the frontend is closed", func() bool { return refused(addr) })
	if got := bodyOf("http://" + other); got != "a" {
		t.Errorf("the other frontend: %s", got)
	}
	if got := o.column(t, "web", "FRONTEND", "status"); got != "PAUSED" {
		t.Errorf("its status is %s", got)
	}
	a.release <- struct{}{}
	if got := <-held; got != "a" {
		t.Errorf("the request under way got %q", got)
	}
	if got := o.say(t, "show orders"); !regexp.MustCompile(`(?m)^frontend web\tstate disabled\t\w+ \(pid \d+\)\t\S+\t-\tmove house$`).MatchString(got) {
		t.Errorf("show orders says\n%s", got)
	}
	o.change(t, config+"\n")
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		o.again(t, signal)
		if !refused(addr) || bodyOf("http://"+other) != "a" {
			t.Errorf("after a restart by %v: %s, %s", signal, bodyOf("http://"+addr), bodyOf("http://"+other))
		}
	}
	o.do(t, "enable frontend web")
	if got := bodyOf("http://" + addr); got != "a" {
		t.Errorf("after it was enabled: %s", got)
	}
	o.do(t, "shutdown frontend web")
	testkit.Eventually(t, "the frontend is closed", func() bool { return refused(addr) })
	if got := o.say(t, "enable frontend web"); got != "Frontend was previously shut down, cannot enable." {
		t.Errorf("enable after shutdown: %q", got)
	}
	o.again(t, syscall.SIGKILL)
	if got := bodyOf("http://" + addr); got != "a" {
		t.Errorf("a shutdown lasts as long as the process: %s", got)
	}
}

// TestControlShutdown cuts a tunnel by its number and a request by its server, and the access log
// says that it was done on purpose.
func TestControlShutdown(t *testing.T) {
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		if strings.Contains(c.Head(), "Upgrade") {
			c.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		}
		_, _ = io.Copy(c, c)
	})
	o := operate(t, farm("", s.Addr))
	for _, test := range []struct{ name, head, command string }{
		{"a tunnel", "Connection: Upgrade\r\nUpgrade: echo\r\n", "shutdown session "},
		{"a request", "", "shutdown session "},
		{"a tunnel", "Connection: Upgrade\r\nUpgrade: echo\r\n", "shutdown sessions server app/web1"},
		{"a request", "", "shutdown sessions server app/web1"},
	} {
		lines := strings.Count(o.Stdout.String(), "\n")
		c := testkit.Dial(t, o.addr)
		c.Send("GET / HTTP/1.1\r\nHost: h\r\n" + test.head + "\r\n")
		if test.head != "" {
			c.Head()
		}
		var id []string
		testkit.Eventually(t, "show sess has "+test.name, func() bool {
			id = regexp.MustCompile(`(?m)^(0x[0-9a-f]+): proto=tcpv4 src=127.0.0.1:\d+ fe=web be=app srv=web1 `).FindStringSubmatch(o.say(t, "show sess"))
			return id != nil
		})
		if command := test.command; strings.HasSuffix(command, " ") {
			o.do(t, command+id[1])
		} else {
			o.do(t, command)
		}
		_, _ = c.Rest() // ends
		testkit.Eventually(t, "a line in the access log", func() bool { return strings.Count(o.Stdout.String(), "\n") > lines })
		all := strings.Split(strings.TrimSpace(o.Stdout.String()), "\n")
		if last := all[len(all)-1]; !strings.Contains(last, `"termination":"K`) {
			t.Errorf("%s, %s: the access log says\n%s", test.name, test.command, last)
		}
		if got := o.say(t, "show sess"); strings.Contains(got, "srv=web1") {
			t.Errorf("%s, %s: show sess says\n%s", test.name, test.command, got)
		}
	}
}
