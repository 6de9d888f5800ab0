package access

import (
	"errors"
	"fmt"
)

// ErrRole says that a word is no role.
var ErrRole = errors.New("unknown role")

// Role is what a user may do. Its zero value may do nothing.
type Role uint8

// The roles. Each may do what those before it may.
const (
	RoleNone Role = iota
	RoleRead
	RoleOperate
)

// ParseRole returns the role that the configuration calls by that word.
func ParseRole(word string) (Role, error) {
	for _, r := range []Role{RoleRead, RoleOperate} {
		if word == r.String() {
			return r, nil
		}
	}
	return RoleNone, fmt.Errorf("%w %q; write read or operate", ErrRole, word)
}

// String returns the word of the configuration.
func (r Role) String() string {
	switch r {
	case RoleRead:
		return "read"
	case RoleOperate:
		return "operate"
	default:
		return "none"
	}
}
