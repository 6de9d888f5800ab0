package access

import (
	"encoding/base64"
	"net/netip"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// here is where requests come from unless a test says otherwise.
var here = netip.MustParseAddr("192.0.2.1")

// house is a policy with two users, whose passwords are their names and "-secret".
func house(t testing.TB) Policy {
	t.Helper()
	return Policy{
		Users: []User{
			{Name: "ops", Hash: hashOf(t, "ops-secret"), Role: RoleOperate},
			{Name: "eye", Hash: hashOf(t, "eye-secret"), Role: RoleRead},
		},
		MetricsFrom:  []netip.Prefix{netip.MustParsePrefix("10.9.0.0/16"), netip.MustParsePrefix("2001:db8:9::/48")},
		MetricsToken: []byte("0123456789abcdef"),
		Hosts:        []string{"lb.example.com", "LB1"},
		Bind:         ":8404",
	}
}

func hashOf(t testing.TB, password string) []byte {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// counted returns a guard and how many hashes it has computed.
func counted(p Policy) (*Guard, *atomic.Int64) {
	g, n := New(p), new(atomic.Int64)
	g.logins.compare = func(hash, password []byte) error {
		n.Add(1)
		return bcrypt.CompareHashAndPassword(hash, password)
	}
	return g, n
}

func basicField(name, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password))
}

// get is a request for the page.
func get(peer netip.Addr, name, password string) Request {
	return Request{Method: "GET", Path: "/haproxy-stats", Host: "lb1:8404", Need: Read, Peer: peer, Authorization: basicField(name, password)}
}

// addr returns one of many addresses.
func addr(n int) netip.Addr { return netip.AddrFrom4([4]byte{198, 51, byte(n >> 8), byte(n)}) }

func wantStatus(t *testing.T, d Decision, want int) {
	t.Helper()
	if got := statusOf(d); got != want {
		t.Errorf("answered %d %q, want %d", got, d.Message, want)
	}
}

func statusOf(d Decision) int {
	if d.Allow {
		return 200
	}
	return d.Status
}
