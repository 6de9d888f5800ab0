package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"relais/internal/testkit"
)

// container is a view of the mounts of its own for a balancer, as Compose makes one: what is at a
// path of the host appears below inside. Nothing outlives the balancer's process.
type container struct {
	t            *testing.T
	host, inside string
	mounts       []string // shell commands
}

func newContainer(t *testing.T) *container {
	t.Helper()
	unshare := testkit.Program(t, "unshare")
	testkit.Program(t, "mount")
	if out, err := exec.Command(unshare, "--mount", "true").CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("mounts of its own need root with CAP_SYS_ADMIN: %s", out)
		}
		t.Skipf("mounts of its own need root with CAP_SYS_ADMIN: %s", out)
	}
	return &container{t: t, host: t.TempDir(), inside: t.TempDir()}
}

// folder mounts a folder of the host.
func (c *container) folder(name string, options ...string) {
	c.t.Helper()
	for _, root := range []string{c.host, c.inside} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			c.t.Fatal(err)
		}
	}
	c.mount(name, options...)
}

// file mounts a single file of the host, which holds text.
func (c *container) file(name, text string, options ...string) {
	c.t.Helper()
	writeFile(c.t, filepath.Join(c.host, name), text)
	writeFile(c.t, filepath.Join(c.inside, name), "")
	c.mount(name, options...)
}

func (c *container) mount(name string, options ...string) {
	target := filepath.Join(c.inside, name)
	c.mounts = append(c.mounts, fmt.Sprintf("mount --bind %s %s", filepath.Join(c.host, name), target))
	for _, option := range options {
		c.mounts = append(c.mounts, fmt.Sprintf("mount -o remount,bind,%s %s", option, target))
	}
}

// run starts a balancer in there, whose configuration the host has at that name.
func (c *container) run(name string) *running {
	c.t.Helper()
	script := strings.Join(append(c.mounts, fmt.Sprintf("exec %s run --config %s", balancerPath, filepath.Join(c.inside, name))), " && ")
	r := &running{config: filepath.Join(c.host, name), Process: testkit.Start(c.t, nil, "unshare", "--mount", "sh", "-c", script)}
	testkit.Eventually(c.t, "the balancer says that it has started", func() bool { return r.started() })
	return r
}

// writeFile writes into a file that may be there.
func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// replaceFile puts another file in the place of one, as editors and git do.
func replaceFile(t *testing.T, path, text string) {
	t.Helper()
	writeFile(t, path+".tmp", text)
	if err := os.Rename(path+".tmp", path); err != nil {
		t.Fatal(err)
	}
}

func inode(t *testing.T, path string) uint64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Ino
}

// stateful is a configuration with a runtime socket and, unless it is empty, a state file.
func stateful(t *testing.T, state string) (config, socket string) {
	socket = t.TempDir() + "/s"
	config = strings.Replace(farm("", "127.0.0.1:1"), "stats:", "admin_socket: "+socket+"\nstats:", 1)
	if state != "" {
		config = "state_file: " + state + "\n" + config
	}
	return config, socket
}

const setWeight, weightSet = "set server app/web1 weight 7", "server app/web1: weight 7"

func (c *container) wantWeight(r *running) {
	c.t.Helper()
	if weight := r.column(c.t, "app", "web1", "weight"); weight != "7" {
		c.t.Errorf("the weight is %s, want the operator's", weight)
	}
}

// TestMountedFolders: another file in the place of one is seen, the state is replaced as a whole.
func TestMountedFolders(t *testing.T) {
	c := newContainer(t)
	c.folder("etc")
	c.folder("var")
	config, socket := stateful(t, filepath.Join(c.inside, "var", "state"))
	writeFile(t, filepath.Join(c.host, "etc", "balancer.yml"), config)
	r := c.run("etc/balancer.yml")
	orderAt(t, socket, strings.Fields(setWeight)...)
	state := filepath.Join(c.host, "var", "state")
	before := inode(t, state)
	orderAt(t, socket, "set", "server", "app/web1", "state", "drain")
	if inode(t, state) == before {
		t.Error("the state file was written in place")
	}
	if log := r.Stderr.String(); strings.Contains(log, "in place") {
		t.Errorf("there is nothing to warn of:\n%s", log)
	}
	replaceFile(t, r.config, config+"# another\n")
	if said := orderAt(t, socket, "show", "config"); !strings.Contains(said, "on disk: valid, and other than what runs") {
		t.Errorf("show config says %q", said)
	}
	if pending := r.gauge(t, "relais_config_pending"); pending != 1 {
		t.Errorf("relais_config_pending is %v", pending)
	}
	r.reload(t)
	if log := r.Stderr.String(); !strings.Contains(log, `"message":"reloaded"`) {
		t.Errorf("not reloaded:\n%s", log)
	}
	if said := orderAt(t, socket, "reload"); !strings.HasPrefix(said, "Nothing has changed: ") || strings.Contains(said, "mounted alone") {
		t.Errorf("reload says %q", said)
	}
	c.wantWeight(r)
}

// TestConfigurationMountedAlone: what is written into the file is seen, another file in its place
// is not, and a reload says so.
func TestConfigurationMountedAlone(t *testing.T) {
	c := newContainer(t)
	config, socket := stateful(t, "")
	c.file("balancer.yml", config, "ro")
	r := c.run("balancer.yml")
	writeFile(t, r.config, config+"# written in place\n")
	if said := orderAt(t, socket, "reload"); !strings.HasPrefix(said, "Reloaded: ") {
		t.Errorf("reload says %q", said)
	}
	replaceFile(t, r.config, config+"# another file\n")
	const hint = "The file is mounted alone: an editor or git that puts another file in its place is not seen in here."
	if said := orderAt(t, socket, "reload"); !strings.HasPrefix(said, "Nothing has changed: ") || !strings.Contains(said, "\n"+hint) {
		t.Errorf("reload says %q", said)
	}
	r.reload(t)
	r.logs(t, hint)
}

// TestStateMountedAlone: it is written in place, said at the start, and holds over kill -9.
func TestStateMountedAlone(t *testing.T) {
	c := newContainer(t)
	config, socket := stateful(t, filepath.Join(c.inside, "state"))
	c.folder("etc")
	writeFile(t, filepath.Join(c.host, "etc", "balancer.yml"), config)
	c.file("state", "")
	before := inode(t, filepath.Join(c.host, "state"))
	for range 2 {
		r := c.run("etc/balancer.yml")
		r.logs(t, "is written in place, which a crash can leave half done")
		r.logs(t, "mount the folder instead")
		if !strings.Contains(r.Stderr.String(), "still holds: "+weightSet) {
			orderAt(t, socket, strings.Fields(setWeight)...)
		}
		c.wantWeight(r)
		r.Signal(syscall.SIGKILL)
		r.ExitCode(t)
	}
	r := c.run("etc/balancer.yml")
	r.logs(t, "still holds: "+weightSet)
	c.wantWeight(r)
	if inode(t, filepath.Join(c.host, "state")) != before {
		t.Error("the state file was replaced")
	}
}

// TestReadOnlyConfiguration has the state elsewhere, where it belongs.
func TestReadOnlyConfiguration(t *testing.T) {
	c := newContainer(t)
	c.folder("etc", "ro")
	c.folder("var")
	config, socket := stateful(t, filepath.Join(c.inside, "var", "state"))
	writeFile(t, filepath.Join(c.host, "etc", "balancer.yml"), config)
	r := c.run("etc/balancer.yml")
	orderAt(t, socket, strings.Fields(setWeight)...)
	replaceFile(t, r.config, config+"# another\n")
	if said := orderAt(t, socket, "reload"); !strings.HasPrefix(said, "Reloaded: ") {
		t.Errorf("reload says %q", said)
	}
	r.Signal(syscall.SIGKILL)
	r.ExitCode(t)
	if log := r.Stderr.String(); strings.Contains(log, `"level":"error"`) || strings.Contains(log, "could not be kept aside") {
		t.Errorf("there is nothing to complain of:\n%s", log)
	}
	c.wantWeight(c.run("etc/balancer.yml"))
	if good, err := os.ReadFile(filepath.Join(c.host, "var", "state.last-good", "balancer.yml")); err != nil || string(good) != config+"# another\n" {
		t.Errorf("kept aside is %q, %v", good, err)
	}
}
