package discovery

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestAssign(t *testing.T) {
	tests := []struct {
		what             string
		prev, now, taken string
		want             string
	}{
		{"nothing is there", "", "", "", ""},
		{"the first is the name itself", "", "1 2 3", "", "web=1 web-2=2 web-3=3"},
		{"a slot stays with its address", "web=1 web-2=2 web-3=3", "3 1", "", "web=1 web-3=3"},
		{"a new one takes the lowest free number", "web=1 web-3=3", "1 3 4 5", "", "web=1 web-2=4 web-3=3 web-4=5"},
		{"and be it the first", "web=1 web-2=2", "2 3", "", "web=3 web-2=2"},
		{"the order of the answer means nothing to those that stay", "web=1 web-2=2", "2 1", "", "web=1 web-2=2"},
		{"all are replaced", "web=1 web-2=2", "3 4", "", "web=3 web-2=4"},
		{"all are gone", "web=1 web-2=2", "", "", ""},
		{"taken names are skipped", "", "1 2 3", "web-2", "web=1 web-3=2 web-4=3"},
		{"the name itself too", "", "1", "web web-2", "web-3=1"},
		{"a name that is taken meanwhile is given up", "web=1 web-2=2", "1 2", "web-2", "web=1 web-3=2"},
		{"slots of another name count for nothing", "app=2 web-x=3 web-01=4 web-1=5 web-0=6 web--2=1", "1 2", "", "web=1 web-2=2"},
		{"two for one address are one", "web=1 web-2=1", "1 2", "", "web=1 web-2=2"},
		{"two of one name are one", "web=1 web=2", "1 2", "", "web=1 web-2=2"},
		{"an address that is said twice is one", "", "1 1 2", "", "web=1 web-2=2"},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			taken := strings.Fields(test.taken)
			got := Assign(slotsOf(test.prev), "web", endpointsOf(test.now), func(name string) bool { return slices.Contains(taken, name) })
			if text := written(got); text != test.want {
				t.Errorf("got %q, want %q", text, test.want)
			}
		})
	}
}

func TestAssignTakesTheWeightOfNow(t *testing.T) {
	prev := slotsOf("web=1")
	now := endpointsOf("1")
	now[0].Weight = 7
	if got := Assign(prev, "web", now, nil); got[0].Endpoint.Weight != 7 {
		t.Errorf("got %v, want the weight that the last answer gives", got)
	}
}

// What a name without resolve: all does: one server, whose address moves.
func TestAssignFollowsTheFirstAddress(t *testing.T) {
	slots := Assign(nil, "web", endpointsOf("5 6")[:1], nil)
	slots = Assign(slots, "web", endpointsOf("6 7")[:1], nil)
	if text := written(slots); text != "web=6" {
		t.Errorf("got %q, want web=6", text)
	}
}

// Each byte of now and later is an address, each of taken a number of a slot.
func FuzzAssign(f *testing.F) {
	f.Add([]byte{1, 2, 3}, []byte{2, 3, 4}, []byte{})
	f.Add([]byte{9, 1, 1}, []byte{}, []byte{1, 2, 4})
	f.Fuzz(func(t *testing.T, now, later, taken []byte) {
		isTaken := map[string]bool{}
		for _, number := range taken {
			isTaken[slotName("web", 1+int(number))] = true
		}
		before := Assign(nil, "web", bytesOf(now), nil)
		holds(t, before, bytesOf(now), nil)
		after := Assign(before, "web", bytesOf(later), func(name string) bool { return isTaken[name] })
		holds(t, after, bytesOf(later), isTaken)
		stays(t, before, after, isTaken)
		again := Assign(after, "web", bytesOf(later), func(name string) bool { return isTaken[name] })
		if !slices.Equal(after, again) {
			t.Fatalf("the same answer moves servers: %s, then %s", written(after), written(again))
		}
	})
}

// holds tells whether every address has one slot, with a name of its own that is free, and the
// slots are in order without a number left out that a new one could have had.
func holds(t *testing.T, slots []Slot, now []Endpoint, taken map[string]bool) {
	t.Helper()
	addresses, names := map[netip.AddrPort]bool{}, map[string]bool{}
	last := 0
	for _, s := range slots {
		number := slotNumber("web", s.Name)
		if number <= last || names[s.Name] || taken[s.Name] || addresses[s.Endpoint.Address] {
			t.Fatalf("slot %v among %s", s, written(slots))
		}
		last, names[s.Name], addresses[s.Endpoint.Address] = number, true, true
	}
	wanted := map[netip.AddrPort]bool{}
	for _, e := range now {
		wanted[e.Address] = true
	}
	if !maps.Equal(wanted, addresses) {
		t.Fatalf("addresses %v in %s", wanted, written(slots))
	}
}

// stays tells whether addresses have kept their slots and new ones have the lowest numbers.
func stays(t *testing.T, before, after []Slot, taken map[string]bool) {
	t.Helper()
	old, kept := map[netip.AddrPort]string{}, map[string]bool{}
	for _, s := range before {
		old[s.Endpoint.Address] = s.Name
	}
	used := map[string]bool{}
	highest := 0
	for _, s := range after {
		used[s.Name] = true
		was := old[s.Endpoint.Address]
		if was != "" && !taken[was] {
			kept[s.Name] = true
			if was != s.Name {
				t.Fatalf("%v was %s: %s, then %s", s.Endpoint.Address, was, written(before), written(after))
			}
			continue
		}
		highest = max(highest, slotNumber("web", s.Name))
	}
	for number := 1; number < highest; number++ {
		if name := slotName("web", number); !used[name] && !taken[name] {
			t.Fatalf("%s is left out: %s, then %s", name, written(before), written(after))
		}
	}
}

func bytesOf(list []byte) (endpoints []Endpoint) {
	for _, b := range list {
		endpoints = append(endpoints, Endpoint{Address: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, b}), 5000)})
	}
	return endpoints
}

// endpointsOf reads "1 2" as 10.0.0.1:5000 and 10.0.0.2:5000.
func endpointsOf(text string) (endpoints []Endpoint) {
	for _, last := range strings.Fields(text) {
		endpoints = append(endpoints, Endpoint{Address: netip.MustParseAddrPort("10.0.0." + last + ":5000")})
	}
	return endpoints
}

// slotsOf reads "web=1 web-2=2".
func slotsOf(text string) (slots []Slot) {
	for _, field := range strings.Fields(text) {
		name, last, _ := strings.Cut(field, "=")
		slots = append(slots, Slot{name, endpointsOf(last)[0]})
	}
	return slots
}

func written(slots []Slot) string {
	var fields []string
	for _, s := range slots {
		fields = append(fields, fmt.Sprintf("%s=%d", s.Name, s.Endpoint.Address.Addr().As4()[3]))
	}
	return strings.Join(fields, " ")
}
