package ctl

import (
	"strconv"
	"strings"
)

const maxWeight = 256

func (x *call) getWeight() error {
	s, err := x.namedServer(0)
	if err != nil {
		return err
	}
	x.printf("%d (initial %d)\n", s.Weight, s.InitialWeight)
	return nil
}

func (x *call) setWeight() error {
	s, err := x.namedServer(0)
	if err != nil {
		return err
	}
	return x.changeWeight(s, x.arg(1))
}

// changeWeight sets a weight, or with "%" a part of the one in the configuration.
func (x *call) changeWeight(s *Server, text string) error {
	if text == "" {
		return fail("Require <weight> or <weight%%>.")
	}
	n, rest, ok := leadingInt(text)
	if !ok {
		return fail("Empty weight string empty or preceded by garbage")
	}
	switch {
	case rest == "%" && n < 0:
		return fail("Relative weight must be positive.")
	case rest == "%":
		n = min(maxWeight, s.InitialWeight*min(n, 100*maxWeight)/100)
	case rest != "":
		return fail("Trailing garbage in weight string")
	case n < 0 || n > maxWeight:
		return fail("Absolute weight can only be between 0 and 256 inclusive.")
	}
	return x.warn(x.balancer().SetWeight(s.Name, n, x.note))
}

// leadingInt returns the number at the beginning of s and what follows it.
func leadingInt(s string) (n int, rest string, ok bool) {
	sign := len(s) - len(strings.TrimLeft(s, "+-"))
	digits := len(s[sign:]) - len(strings.TrimLeft(s[sign:], "0123456789"))
	if sign > 1 || digits == 0 || digits > 9 {
		return 0, s, false
	}
	n, err := strconv.Atoi(s[:sign+digits])
	return n, s[sign+digits:], err == nil
}

func (x *call) setMaxconnServer() error {
	s, err := x.namedServer(0)
	if err != nil {
		return err
	}
	if x.arg(1) == "" {
		return fail("Require <maxconn>.")
	}
	n, rest, ok := leadingInt(x.arg(1))
	switch {
	case !ok:
		return fail("maxconn string empty or preceded by garbage")
	case rest != "":
		return fail("Trailing garbage in maxconn string")
	case n < 0:
		return fail("Value out of range.")
	}
	return x.warn(x.balancer().SetMaxconn(s.Name, n, x.note))
}

func (x *call) setMaxconnFrontend() error {
	row, err := x.frontend(0)
	if err != nil {
		return err
	}
	n, err := x.limit(1, "Integer value expected.")
	if err != nil {
		return err
	}
	return x.warn(x.balancer().SetFrontendMaxconn(row.Proxy, n, x.note))
}

func (x *call) setMaxconnGlobal() error {
	n, err := x.limit(0, "Expects an integer value.")
	if err != nil {
		return err
	}
	return x.warn(x.balancer().SetGlobalMaxconn(n, x.note))
}

// limit reads a number that is not negative; lacking is the answer where none stands.
func (x *call) limit(i int, lacking string) (int, error) {
	n, rest, ok := leadingInt(x.arg(i))
	switch {
	case !ok || rest != "":
		return 0, &failure{severityError, lacking}
	case n < 0:
		return 0, fail("Value out of range.")
	}
	return n, nil
}
