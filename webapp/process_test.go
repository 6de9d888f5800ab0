package webapp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"relais/internal/testkit"
)

// runAsProgram makes the test binary behave as cmd/webapp.
const runAsProgram = "WEBAPP_TEST_RUN_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(runAsProgram) == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	command := Command()
	command.SetArgs(os.Args[1:])
	err := command.ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "webapp:", err)
	}
	os.Exit(ExitCode(err))
}

// process is one web server as users run it.
type process struct {
	site
	port    string
	command *exec.Cmd
	stderr  *testkit.Output
}

// startProcess waits until the server listens. Without a PORT it takes a free one.
func startProcess(t *testing.T, env ...string) *process {
	t.Helper()
	p := &process{command: program([]string{"serve"}, append([]string{"PORT=0", "LISTEN_HOST=127.0.0.1"}, env...)), stderr: new(testkit.Output)}
	p.command.Stderr = p.stderr
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("standard error of %v:\n%s", env, p.stderr)
		}
	})
	var line struct{ Address string }
	await(t, "the server to listen", func() bool {
		first, _, found := strings.Cut(p.stderr.String(), "\n")
		return found && json.Unmarshal([]byte(first), &line) == nil && line.Address != ""
	})
	_, port, err := net.SplitHostPort(line.Address)
	if err != nil {
		t.Fatal(err)
	}
	p.port, p.site = port, site{t: t, url: "http://" + line.Address}
	return p
}

// awaitReady waits until the database is up.
func (p *process) awaitReady() {
	p.t.Helper()
	await(p.t, "the server to be ready", func() bool { return p.get("/ready").status == 200 })
}

// kill ends the process with SIGKILL, unless it has ended.
func (p *process) kill() {
	p.command.Process.Kill()
	p.command.Wait()
}

// terminate asks the process to stop and returns its exit code.
func (p *process) terminate() int {
	p.command.Process.Signal(syscall.SIGTERM)
	return exitCode(p.t, p.command.Wait())
}

// run runs the program to its end.
func run(t *testing.T, args, env []string) (code int, stderr string) {
	t.Helper()
	var out bytes.Buffer
	command := program(args, env)
	command.Stderr = &out
	return exitCode(t, command.Run()), out.String()
}

func program(args, env []string) *exec.Cmd {
	command := exec.Command(os.Args[0], args...)
	command.Env = append(os.Environ(), runAsProgram+"=1")
	command.Env = append(command.Env, env...) // the last of a name counts
	return command
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit == nil {
		return 0
	}
	return exit.ExitCode()
}
