package operate

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	longestText = 200  // bytes of who, why and what the file said
	longestName = 1000 // bytes of a name or an argument
)

// Object is what an order is about: a server of a backend, a frontend, or with all names empty
// the process itself.
type Object struct {
	Frontend string
	Backend  string
	Server   string
}

// String returns such as "server app/web1", "frontend http" or "process".
func (o Object) String() string {
	switch {
	case o == Object{}:
		return "process"
	case o.Frontend != "":
		return "frontend " + o.Frontend
	}
	return "server " + o.Backend + "/" + o.Server
}

// Key names what an order sets of its object.
type Key string

// The keys, and what their orders may say, spelled as it is here.
const (
	State   Key = "state"   // of a server: ready, drain or maint; of a frontend: enabled or disabled
	Weight  Key = "weight"  // of a server: 0 to 256
	Maxconn Key = "maxconn" // of a server, a frontend or the process: a number, where 0 means what it means in the file
)

// Target is one key of one object. At most one order holds on it.
type Target struct {
	Object
	Key Key
}

// String returns such as "server app/web1: state".
func (t Target) String() string { return t.Object.String() + ": " + string(t.Key) }

// Order is what an operator wants of a key in the place of what the file says. It holds until it
// is set back, until its end, or until the file says something else than when it was given. Texts
// are bounded, and of printable characters.
type Order struct {
	Object Object
	Key    Key
	Value  string        // see the keys
	By     string        // who gave it, such as "root (pid 4711)"
	Reason string        // empty: none was given
	File   string        // what the file said of the key, spelled as a Value; of a server added at run time, what it was added with
	For    time.Duration // how long it holds; 0: until it is set back
	At     time.Time     // when it was given, in UTC; the journal sets it
	Until  time.Time     // its end, zero with For 0; the journal sets it, on the monotonic clock of this process
}

// Target returns what the order is on.
func (o *Order) Target() Target { return Target{o.Object, o.Key} }

// String returns such as "server app/web1: state drain for 30m0s".
func (o *Order) String() string {
	s := o.Target().String() + " " + o.Value
	if o.For > 0 {
		s += " for " + o.For.String()
	}
	return s
}

func (o *Order) check() error {
	fault := cmp.Or(o.Object.fault(), o.valueFault(), byFault(o.By), textFault("reason", o.Reason, longestText), textFault("file's value", o.File, longestText))
	switch {
	case fault != "":
	case o.File == "":
		fault = "what the file says is missing"
	case o.For < 0:
		fault = fmt.Sprintf("%s is no time to hold; write one such as 30m", o.For)
	default:
		return nil
	}
	return fmt.Errorf("%w: %s", ErrInvalid, fault)
}

func (o *Order) valueFault() string {
	switch {
	case o.Key == State && o.Object.Server != "":
		return choiceFault(o.Value, "ready", "drain", "maint")
	case o.Key == State && o.Object.Frontend != "":
		return choiceFault(o.Value, "enabled", "disabled")
	case o.Key == Weight && o.Object.Server != "":
		return numberFault("weight", o.Value, 256)
	case o.Key == Maxconn:
		return numberFault("maxconn", o.Value, 1<<31-1)
	}
	return fmt.Sprintf("%s has no key %q", o.Object, o.Key)
}

func (o Object) fault() string {
	fault := cmp.Or(textFault("frontend", o.Frontend, longestName), textFault("backend", o.Backend, longestName), textFault("server", o.Server, longestName))
	if fault == "" && (o.Frontend != "" && o.Backend+o.Server != "" || (o.Backend == "") != (o.Server == "")) {
		fault = fmt.Sprintf("%s is neither a server nor a frontend", o)
	}
	return fault
}

func choiceFault(value string, choices ...string) string {
	for _, c := range choices {
		if value == c {
			return ""
		}
	}
	return fmt.Sprintf("state %.50q is not known; write one of %s", value, strings.Join(choices, ", "))
}

// numberFault wants the one spelling of a number, which can be compared with the file's.
func numberFault(key, value string, most int) string {
	if n, err := strconv.Atoi(value); err != nil || n < 0 || n > most || strconv.Itoa(n) != value {
		return fmt.Sprintf("%s %.50q is no number from 0 to %d", key, value, most)
	}
	return ""
}

func byFault(by string) string {
	if by == "" {
		return "who gave it is missing"
	}
	return textFault("name of who gave it", by, longestText)
}

// textFault refuses what could break a line of a log, a page or a terminal.
func textFault(name, s string, longest int) string {
	if len(s) > longest {
		return fmt.Sprintf("the %s has %d bytes; write at most %d", name, len(s), longest)
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Sprintf("the %s %q holds characters that cannot be printed", name, s)
	}
	return ""
}
