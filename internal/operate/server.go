package operate

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

const mostArguments = 64

// Server is one that an operator added at run time to a backend of the file.
type Server struct {
	Backend   string
	Name      string
	Arguments []string // as they were given, the address included; the owner alone knows what they mean
	By        string   // who added it
	At        time.Time
}

// Object returns what orders on the server are about.
func (s *Server) Object() Object { return Object{Backend: s.Backend, Server: s.Name} }

// String returns such as "server app/web9 added: 10.0.0.9:80 weight 5".
func (s *Server) String() string {
	return s.Object().String() + " added: " + strings.Join(s.Arguments, " ")
}

func (s *Server) check() error {
	fault := cmp.Or(s.Object().fault(), byFault(s.By))
	for _, a := range s.Arguments {
		fault = cmp.Or(fault, textFault("argument", a, longestName))
	}
	switch {
	case fault != "":
	case s.Name == "":
		fault = "the server has no name"
	case len(s.Arguments) > mostArguments:
		fault = fmt.Sprintf("there are %d arguments; write at most %d", len(s.Arguments), mostArguments)
	default:
		return nil
	}
	return fmt.Errorf("%w: %s", ErrInvalid, fault)
}
