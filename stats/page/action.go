package page

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Action is what a user asks for with the form of a backend.
type Action struct {
	Backend string        // its name, or # and its number (stats.Row.IID)
	Servers []string      // as checked; empty: none was
	Verb    string        // one of HAProxy's, such as maint
	Reason  string        // in the user's words; empty: none was given
	For     time.Duration // 0: until somebody changes it
	Token   string        // what the page was given as Admin.Token
}

// What is wrong with a form.
var (
	ErrTooMuch    = errors.New("too much at once") // stats.OutcomeExceeded
	ErrParameters = errors.New("invalid form")     // stats.OutcomeParameters
)

const (
	maxBody    = 64 << 10
	maxServers = 10_000
	maxReason  = 200 // characters
)

// ParseAction reads a posted form of type application/x-www-form-urlencoded: HAProxy's fields s,
// action and b, and Relais' own reason, for and token. Their order does not matter and fields that
// it does not know do not either. As in HAProxy, which reads from the end, the last of several
// values counts, and the old verbs enable, disable, stop and start are taken for ready, maint,
// drain and ready. It does not know which backends and servers there are. Its errors wrap
// ErrTooMuch or ErrParameters.
func ParseAction(body []byte) (Action, error) {
	if len(body) > maxBody {
		return Action{}, fmt.Errorf("%w: more than %d bytes", ErrTooMuch, maxBody)
	}
	var a Action
	for field := range bytes.SplitSeq(body, []byte("&")) {
		if err := a.read(string(field)); err != nil {
			return Action{}, err
		}
	}
	switch {
	case a.Verb == "":
		return Action{}, fmt.Errorf("%w: no action", ErrParameters)
	case a.Backend == "":
		return Action{}, fmt.Errorf("%w: no backend", ErrParameters)
	}
	return a, nil
}

// read takes one field.
func (a *Action) read(field string) (err error) {
	name, escaped, _ := strings.Cut(field, "=")
	value, err := url.QueryUnescape(escaped)
	if err != nil || !utf8.ValidString(value) {
		return fmt.Errorf("%w: %q is not escaped well", ErrParameters, clip(name))
	}
	switch name {
	case "s":
		return a.addServer(value)
	case "action":
		a.Verb, err = parseVerb(value)
	case "b":
		a.Backend = value
	case "reason":
		a.Reason, err = parseReason(value)
	case "for":
		a.For, err = parseFor(value)
	case "token":
		a.Token = value
	}
	return err
}

func (a *Action) addServer(name string) error {
	if name == "" {
		return fmt.Errorf("%w: a server without a name", ErrParameters)
	}
	if len(a.Servers) == maxServers {
		return fmt.Errorf("%w: more than %d servers", ErrTooMuch, maxServers)
	}
	a.Servers = append(a.Servers, name)
	return nil
}

func parseVerb(s string) (string, error) {
	if now, ok := oldVerbs[s]; ok {
		return now, nil
	}
	for _, v := range verbs {
		if v.Value == s {
			return s, nil
		}
	}
	return "", fmt.Errorf("%w: unknown action %q", ErrParameters, clip(s))
}

// parseReason makes one line of what may end up in a log, a table and a terminal.
func parseReason(s string) (string, error) {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > maxReason {
		return "", fmt.Errorf("%w: a reason of more than %d characters", ErrParameters, maxReason)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", fmt.Errorf("%w: a reason that cannot be printed", ErrParameters)
	}
	return s, nil
}

func parseFor(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%w: %q is no duration", ErrParameters, clip(s))
	}
	return d, nil
}

// clip keeps what a stranger has sent out of error messages, but for its beginning.
func clip(s string) string { return s[:min(len(s), 32)] }
