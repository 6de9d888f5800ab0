package healthcheck

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// FieldRule says what one field of an answer must be like. With nothing but a name it must be
// there; of several fields of the name one is enough.
type FieldRule struct {
	Name   string
	Value  string         // exactly; empty: anything
	Prefix string         // empty: anything
	Regex  *regexp.Regexp // nil: anything
	Absent bool           // it must not be there
}

// fault says what is wrong with the fields, in words that follow "but"; empty: nothing.
func (f *FieldRule) fault(fields http.Header) string {
	values := fields.Values(f.Name)
	if f.Absent {
		if len(values) > 0 {
			return fmt.Sprintf("with %s: %s", f.Name, values[0])
		}
		return ""
	}
	if len(values) == 0 {
		return "without " + f.Name
	}
	for _, v := range values {
		if f.matches(v) {
			return ""
		}
	}
	return fmt.Sprintf("%s is %q", f.Name, values[0])
}

func (f *FieldRule) matches(v string) bool {
	return (f.Value == "" || v == f.Value) && strings.HasPrefix(v, f.Prefix) && (f.Regex == nil || f.Regex.MatchString(v))
}
