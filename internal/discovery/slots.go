package discovery

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Slot is a server that an address was given to.
type Slot struct {
	Name     string
	Endpoint Endpoint
}

// Assign gives the addresses of now to servers called name, name-2, name-3 and so on, and returns
// them in that order. An address that has a slot in prev keeps it; a new one gets the lowest number
// that is free. Names that are taken, by other servers of the backend, are used for none: a slot
// whose name is taken meanwhile moves. Nil: none are; not all may be. A server that follows the first
// address of its name is given now[:1].
func Assign(prev []Slot, name string, now []Endpoint, taken func(string) bool) []Slot {
	if taken == nil {
		taken = func(string) bool { return false }
	}
	holders := holders(prev, name, taken)
	slots := map[int]Endpoint{}
	placed := map[netip.AddrPort]bool{}
	for _, e := range now {
		if number, ok := holders[e.Address]; ok {
			slots[number], placed[e.Address] = e, true
		}
	}
	free := 1
	for _, e := range now {
		if placed[e.Address] {
			continue
		}
		for _, used := slots[free]; used || taken(slotName(name, free)); _, used = slots[free] {
			free++
		}
		slots[free], placed[e.Address] = e, true
	}
	return inOrder(slots, name)
}

// holders returns the number of each address that has one and may keep it.
func holders(prev []Slot, name string, taken func(string) bool) map[netip.AddrPort]int {
	holders := make(map[netip.AddrPort]int, len(prev))
	used := map[int]bool{}
	for _, s := range prev {
		number := slotNumber(name, s.Name)
		if _, twice := holders[s.Endpoint.Address]; number == 0 || used[number] || twice || taken(s.Name) {
			continue
		}
		holders[s.Endpoint.Address], used[number] = number, true
	}
	return holders
}

func inOrder(slots map[int]Endpoint, name string) []Slot {
	type numbered struct {
		number int
		slot   Slot
	}
	all := make([]numbered, 0, len(slots))
	for number, e := range slots {
		all = append(all, numbered{number, Slot{slotName(name, number), e}})
	}
	slices.SortFunc(all, func(a, b numbered) int { return cmp.Compare(a.number, b.number) })
	sorted := make([]Slot, len(all))
	for i, n := range all {
		sorted[i] = n.slot
	}
	return sorted
}

func slotName(name string, number int) string {
	if number == 1 {
		return name
	}
	return fmt.Sprintf("%s-%d", name, number)
}

// slotNumber is the other way round; 0: slot is no slot of name.
func slotNumber(name, slot string) int {
	if slot == name {
		return 1
	}
	suffix, _ := strings.CutPrefix(slot, name+"-")
	number, err := strconv.Atoi(suffix)
	if err != nil || number < 2 || slotName(name, number) != slot {
		return 0
	}
	return number
}
