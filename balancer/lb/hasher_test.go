package lb

import (
	"bytes"
	"net/netip"
	"testing"

	"relais/internal/config"
)

// The values of sdbm, crc32 and djb2 are those of their authors' definitions.
func TestHashFunctions(t *testing.T) {
	for _, test := range []struct {
		function, key string
		want          uint32
	}{
		{"sdbm", "", 0}, {"sdbm", "a", 97}, {"sdbm", "ab", 97*65599 + 98},
		{"djb2", "", 5381}, {"djb2", "a", 5381*33 + 97},
		{"crc32", "123456789", 0xcbf43926},
		{"none", "", 0}, {"none", "42", 42}, {"none", "-1", 0xffffffff}, {"none", "+7x", 7}, {"none", "x7", 0},
		{"none", "4294967297", 1}, {"none", "99999999999999999999", 0xffffffff}, {"none", "-99999999999999999999", 0},
	} {
		if got := hashFunction(test.function)([]byte(test.key)); got != test.want {
			t.Errorf("%s of %q: %d, want %d", test.function, test.key, got, test.want)
		}
	}
}

func TestURI(t *testing.T) {
	for _, test := range []struct {
		uri          config.URI
		target, same string
	}{
		{config.URI{}, "/a/b?c=d", "/a/b"},
		{config.URI{Whole: true}, "/a/b?c=d", "/a/b?c=d"},
		{config.URI{Len: 3}, "/a/b?c=d", "/a/"},
		{config.URI{Depth: 1}, "/a/b/c", "/a"},
		{config.URI{Depth: 2}, "/a/b/c", "/a/b"},
		{config.URI{Depth: 2, Len: 3}, "/a/b/c", "/a/"},
		{config.URI{PathOnly: true}, "http://host:81/a?b", "/a"},
		{config.URI{PathOnly: true}, "http://host", "/"},
		{config.URI{PathOnly: true}, "/a://b", "/a://b"},
		{config.URI{PathOnly: true}, "host:443", ""},
		{config.URI{PathOnly: true}, "*", ""},
		{config.URI{}, "", ""},
	} {
		h := NewHasher(config.Balance{Algorithm: "uri", URI: test.uri}, config.Hash{Function: "sdbm"})
		if got := h.URI([]byte(test.target)); got != (Key{sdbm([]byte(test.same)), true}) {
			t.Errorf("%+v: %s is not hashed as %s", test.uri, test.target, test.same)
		}
	}
}

func TestHeader(t *testing.T) {
	h := NewHasher(config.Balance{Algorithm: "header", Header: "x-user"}, config.Hash{Function: "sdbm"})
	if h.Kind() != Header || h.HeaderName() != "x-user" {
		t.Errorf("kind %v, name %q", h.Kind(), h.HeaderName())
	}
	for value, same := range map[string]string{"ann": "ann", " ann , bob": "ann", `"a,b", c`: `"a,b"`, `"a\",b",c`: `"a\",b"`} {
		if got := h.Header([]byte(value), true); got != (Key{sdbm([]byte(same)), true}) {
			t.Errorf("%q is not hashed as %q", value, same)
		}
	}
	for _, value := range []string{"", " ", ",ann"} {
		if h.Header([]byte(value), true).Set {
			t.Errorf("%q has a key", value)
		}
	}
	if h.Header([]byte("ann"), false).Set {
		t.Error("a header that is missing has a key")
	}
}

func TestSource(t *testing.T) {
	h := NewHasher(config.Balance{Algorithm: "source"}, config.Hash{Function: "crc32"})
	for address, want := range map[string]uint32{
		"192.0.2.1": 0xc0000201, "::ffff:192.0.2.1": 0xc0000201, "2001:db8::5": 0x20010db8 ^ 5,
	} {
		if got := h.Source(netip.MustParseAddr(address)); got != (Key{want, true}) {
			t.Errorf("%s: %x, want %x", address, got.Hash, want)
		}
	}
	if h.Source(netip.Addr{}).Set {
		t.Error("no address has a key")
	}
}

func TestWhoNeedsKeys(t *testing.T) {
	for name, want := range map[string]bool{"source": true, "uri": true, "header": true, "roundrobin": false, "ewma": false} {
		if got := NewHasher(config.Balance{Algorithm: name}, config.Hash{Function: "sdbm"}) != nil; got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// What does not count does not change the key, whatever the bytes.
func FuzzHasher(f *testing.F) {
	for _, seed := range []string{"", "/", "/a/b?c", "http://h/p", "*", "http://", "a,b", `"a,b\"`, "-9223372036854775809"} {
		f.Add([]byte(seed), 3, 1, true)
	}
	f.Fuzz(func(t *testing.T, b []byte, length, depth int, pathOnly bool) {
		h := NewHasher(config.Balance{Algorithm: "uri", URI: config.URI{Len: max(length, 0), Depth: max(depth, 0), PathOnly: pathOnly}}, config.Hash{Function: "none"})
		kept := bytes.Clone(b)
		if h.URI(b) != h.URI(append(bytes.Clone(b), "?query"...)) && length <= 0 && bytes.IndexByte(b, '/') == 0 {
			t.Error("a query has changed the key")
		}
		if list := append(bytes.Clone(b), ", more"...); !bytes.ContainsAny(b, `"\`) && h.Header(b, true) != h.Header(list, true) {
			t.Error("a second element has changed the key")
		}
		if !bytes.Equal(b, kept) {
			t.Error("the bytes have changed")
		}
	})
}
