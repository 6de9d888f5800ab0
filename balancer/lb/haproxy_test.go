package lb

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/internal/config"
	"relais/internal/testkit"
)

// lane is a backend that HAProxy and this package distribute keys for.
type lane struct {
	name    string
	balance config.Balance
	hash    config.Hash
	weights []int
	keys    [][]byte // request targets, values of X-Key or addresses
}

// Every key finds the server that a running HAProxy sends it to: with all servers, while one is in
// maintenance, and after its return. So does static-rr in its order.
func TestKeysGoWhereHAProxySendsThem(t *testing.T) {
	for _, program := range haproxies(t) {
		version, err := exec.Command(program, "-v").Output()
		if err != nil {
			t.Fatalf("run %s: %v", program, err)
		}
		_, number, _ := strings.Cut(string(version), "version ")
		t.Run(number[:3], func(t *testing.T) {
			compare(t, program, lanesOf(number[:3]))
		})
	}
}

// haproxies returns the installed HAProxy and the one of the conformance tests, as far as there.
func haproxies(t *testing.T) (programs []string) {
	t.Helper()
	if out, err := exec.Command("../../internal/conformance/haproxy3.sh").Output(); err == nil {
		programs = append(programs, strings.TrimSpace(string(out)))
	}
	if path, err := exec.LookPath("haproxy"); err == nil || len(programs) == 0 {
		programs = append(programs, path)
		testkit.Program(t, "haproxy")
	}
	return programs
}

// lanesOf returns each method with each function, with and without avalanche, for 10,000 keys, and
// the options and odd weights for fewer, as far as that version of HAProxy has them: the function
// none since 2.8, and no proper ring in releases of 3.0 to 3.2 that lack the commit 03e9a5a1e
// ("BUG/MAJOR: lb-chash: fix key calculation when using default hash-key id").
func lanesOf(version string) (all []lane) {
	random := rand.New(rand.NewPCG(1, 2))
	targets, values, numbers, sources := keys(random, target), keys(random, value), keys(random, decimal), keys(random, source)
	weights := []int{1, 2, 3}
	functions := []string{"sdbm", "djb2", "wt6", "crc32"}
	if version >= "2.8" {
		functions = append(functions, "none")
	}
	methods := []string{"map"}
	if version < "3.0" || version > "3.2" {
		methods = append(methods, "consistent")
	}
	for _, method := range methods {
		for _, avalanche := range []bool{false, true} {
			for _, function := range functions {
				h := config.Hash{Type: method, Function: function, Avalanche: avalanche}
				header, name := values, fmt.Sprintf("%s-%s-%v", method, function, avalanche)
				if function == "none" {
					header = numbers
				} else {
					all = append(all, lane{"uri-" + name, config.Balance{Algorithm: "uri"}, h, weights, targets})
				}
				all = append(all, lane{"header-" + name, config.Balance{Algorithm: "header", Header: "X-Key"}, h, weights, header})
			}
			h := config.Hash{Type: method, Function: "sdbm", Avalanche: avalanche}
			all = append(all, lane{fmt.Sprintf("source-%s-%v", method, avalanche), config.Balance{Algorithm: "source"}, h, weights, sources})
		}
		for i, weights := range [][]int{{1}, {1, 1, 1, 1}, {2, 4, 6}, {256, 1}, {7, 0, 3}, {10, 20, 15}, {100, 99, 1, 13}} {
			h := config.Hash{Type: method, Function: "sdbm"}
			all = append(all, lane{fmt.Sprintf("weights-%s-%d", method, i), config.Balance{Algorithm: "uri"}, h, weights, targets[:1000]})
		}
	}
	for i, uri := range []config.URI{
		{Whole: true}, {Len: 9}, {Depth: 1}, {Depth: 2}, {Depth: 2, Len: 12}, {Whole: true, Depth: 3},
		{PathOnly: true}, {PathOnly: true, Whole: true}, {PathOnly: true, Depth: 1, Len: 7},
	} {
		h := config.Hash{Type: "map", Function: "sdbm"}
		all = append(all, lane{fmt.Sprintf("option-%d", i), config.Balance{Algorithm: "uri", URI: uri}, h, weights, targets[:2000]})
	}
	for i, weights := range [][]int{{1, 1, 1}, {3, 1, 2}, {4, 6, 10}} {
		all = append(all, lane{fmt.Sprintf("static-%d", i), config.Balance{Algorithm: "static-rr"}, config.Hash{}, weights, sources[:100]})
	}
	return all
}

func keys(random *rand.Rand, one func(*rand.Rand) string) (all [][]byte) {
	for range 10_000 {
		all = append(all, []byte(one(random)))
	}
	return all
}

func target(random *rand.Rand) string {
	var b strings.Builder
	if random.IntN(8) == 0 {
		fmt.Fprintf(&b, "http://host%d.example:8080", random.IntN(10))
	}
	for range 1 + random.IntN(4) {
		b.WriteString("/" + letters(random, "abcdefghijklmnopqrstuvwxyz0123456789-._~%+:@", random.IntN(12)))
	}
	if random.IntN(3) == 0 {
		b.WriteString("?" + letters(random, "abc=&/?", random.IntN(12)))
	}
	return b.String()
}

func value(random *rand.Rand) string {
	return "k" + letters(random, "abcdefXYZ 0123456789,;=\"\\\x80\xff", random.IntN(30)) + "v"
}

func decimal(random *rand.Rand) string {
	return []string{"", "", "", "-", "+"}[random.IntN(5)] + letters(random, "0123456789", 1+random.IntN(22)) + []string{"", "x1", " 2"}[random.IntN(3)]
}

func source(random *rand.Rand) string {
	var b [16]byte
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	if random.IntN(2) == 0 {
		return netip.AddrFrom4([4]byte(b[:4])).String()
	}
	b[0] = 0x20
	return netip.AddrFrom16(b).String()
}

func letters(random *rand.Rand, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[random.IntN(len(alphabet))]
	}
	return string(b)
}

// compare runs HAProxy with a backend for each lane. Its servers are frontends of its own, which
// answer with their number.
func compare(t *testing.T, program string, lanes []lane) {
	dir := t.TempDir()
	file := filepath.Join(dir, "cfg")
	if err := os.WriteFile(file, []byte(haproxyConfig(dir, lanes)), 0o600); err != nil {
		t.Fatal(err)
	}
	testkit.Start(t, nil, program, "-db", "-f", file)
	testkit.Eventually(t, "HAProxy listens", func() bool {
		conn, err := net.Dial("unix", filepath.Join(dir, "front"))
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	all := map[string]Algorithm{}
	for _, l := range lanes {
		all[l.name] = algorithm(t, l)
	}
	for _, phase := range []struct {
		state string // of the second server
		keys  int
	}{{"ready", 10_000}, {"maint", 1000}, {"ready", 1000}} {
		setState(t, filepath.Join(dir, "control"), lanes, phase.state)
		for _, l := range lanes {
			a := all[l.name]
			a.Reset(usable(l.servers(), phase.state))
			l.compare(t, filepath.Join(dir, "front"), a, phase.state, l.keys[:min(phase.keys, len(l.keys))])
		}
	}
}

func haproxyConfig(dir string, lanes []lane) string {
	var b strings.Builder
	fmt.Fprintf(&b, "global\n nbthread 1\n stats socket unix@%s/control level admin\n", dir)
	b.WriteString("defaults\n mode http\n timeout client 60s\n timeout server 60s\n timeout connect 60s\n http-reuse always\n")
	for i := 1; i <= 4; i++ {
		fmt.Fprintf(&b, "frontend s%d\n bind unix@%s/s%d\n http-request return status 200 content-type text/plain string %d\n", i, dir, i, i)
	}
	fmt.Fprintf(&b, "frontend front\n bind unix@%s/front\n use_backend %%[req.hdr(X-Lane)]\n", dir)
	for _, l := range lanes {
		fmt.Fprintf(&b, "backend %s\n balance %s\n", l.name, l.haproxyBalance())
		if l.hash.Type != "" {
			fmt.Fprintf(&b, " hash-type %s %s%s\n", map[string]string{"map": "map-based", "consistent": "consistent"}[l.hash.Type],
				l.hash.Function, map[bool]string{true: " avalanche"}[l.hash.Avalanche])
		}
		if l.balance.Algorithm == "source" {
			b.WriteString(" http-request set-src req.hdr(X-Key)\n")
		}
		for i, w := range l.weights {
			fmt.Fprintf(&b, " server s%d unix@%s/s%d weight %d\n", i+1, dir, i+1, w)
		}
	}
	return b.String()
}

func (l lane) haproxyBalance() string {
	switch uri := l.balance.URI; l.balance.Algorithm {
	case "header":
		return "hdr(" + l.balance.Header + ")"
	case "uri":
		s := "uri"
		for word, set := range map[string]bool{" whole": uri.Whole, " path-only": uri.PathOnly} {
			if set {
				s += word
			}
		}
		for word, n := range map[string]int{" len ": uri.Len, " depth ": uri.Depth} {
			if n > 0 {
				s += word + fmt.Sprint(n)
			}
		}
		return s
	}
	return l.balance.Algorithm
}

func (l lane) servers() (servers []*Server) { return farm(l.weights...) }

func algorithm(t *testing.T, l lane) Algorithm {
	t.Helper()
	a, err := New(l.balance, l.hash)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// usable leaves the second server out while it is in maintenance, unless it is the only one.
func usable(servers []*Server, state string) []*Server {
	if state == "maint" && len(servers) > 1 {
		return append(servers[:1:1], servers[2:]...)
	}
	return servers
}

func setState(t *testing.T, socket string, lanes []lane, state string) {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var commands []string
	for _, l := range lanes {
		if len(l.weights) > 1 {
			commands = append(commands, fmt.Sprintf("set server %s/s2 state %s", l.name, state))
		}
	}
	_ = conn.SetDeadline(time.Now().Add(testkit.Patience))
	fmt.Fprintln(conn, strings.Join(commands, ";"))
	if out, err := io.ReadAll(conn); err != nil || strings.TrimSpace(string(out)) != "" {
		t.Fatalf("set server: %v %s", err, out)
	}
}

func (l lane) compare(t *testing.T, front string, a Algorithm, state string, keys [][]byte) {
	t.Helper()
	hasher := NewHasher(l.balance, l.hash)
	got := make([]byte, 0, len(keys))
	for _, k := range keys {
		s := a.Pick(l.hashed(hasher, k), time.Time{}, always)
		if s == nil {
			t.Fatalf("%s, %s: no server", l.name, state)
		}
		got = append(got, '0'+byte(s.ID))
	}
	want := l.ask(t, front, keys)
	wrong, example := 0, ""
	for i := range want {
		if got[i] != want[i] {
			wrong++
			example = fmt.Sprintf("%q goes to %c, HAProxy sends it to %c", keys[i], got[i], want[i])
		}
	}
	if wrong > 0 {
		t.Errorf("%s, second server %s: %d of %d keys go elsewhere: %s", l.name, state, wrong, len(keys), example)
	}
}

func (l lane) hashed(h *Hasher, key []byte) Key {
	if h == nil {
		return Key{}
	}
	switch h.Kind() {
	case Source:
		return h.Source(netip.MustParseAddr(string(key)))
	case Header:
		return h.Header(key, true)
	}
	return h.URI(key)
}

// ask returns the number of the server that HAProxy sends each key to.
func (l lane) ask(t *testing.T, front string, keys [][]byte) (servers []byte) {
	t.Helper()
	conn, err := net.Dial("unix", front)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(12 * testkit.Patience))
	const batch = 50
	in := bufio.NewReader(conn)
	for len(keys) > 0 {
		var b bytes.Buffer
		n := min(batch, len(keys))
		for _, k := range keys[:n] {
			if l.balance.Algorithm == "uri" {
				fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\nX-Lane: %s\r\n\r\n", k, hostOf(k), l.name)
			} else {
				fmt.Fprintf(&b, "GET / HTTP/1.1\r\nHost: h\r\nX-Lane: %s\r\nX-Key: %s\r\n\r\n", l.name, k)
			}
		}
		if _, err := conn.Write(b.Bytes()); err != nil {
			t.Fatalf("%s: %v", l.name, err)
		}
		for range n {
			servers = append(servers, answer(t, l.name, in))
		}
		keys = keys[n:]
	}
	return servers
}

// hostOf returns the host of a URL, which the Host field must repeat.
func hostOf(target []byte) []byte {
	rest, isURL := bytes.CutPrefix(target, []byte("http://"))
	if !isURL {
		return []byte("h")
	}
	host, _, _ := bytes.Cut(rest, []byte("/"))
	return host
}

func answer(t *testing.T, lane string, in *bufio.Reader) byte {
	t.Helper()
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		if err != nil || first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
			t.Fatalf("%s: %q %v", lane, line, err)
		}
		if len(line) == 2 {
			break
		}
	}
	b, err := in.ReadByte()
	if err != nil {
		t.Fatal(err)
	}
	return b
}
