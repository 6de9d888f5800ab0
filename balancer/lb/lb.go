// Package lb decides which server of a farm gets a request: HAProxy's balancing algorithms, and
// one by latency, over plain values. It knows no connections, no clock and no locks; whoever calls
// it gives it the time and sees to it that one goroutine at a time does. Where HAProxy hashes, the
// same key finds the same server here, so that caches stay warm when one replaces the other.
package lb

import (
	"errors"
	"fmt"
	"time"

	"relais/internal/config"
)

// ErrUnknown is the cause when a configuration names something that does not exist.
var ErrUnknown = errors.New("unknown")

// Server is what an algorithm sees of a server. The exported fields belong to the farm, which
// changes them, and calls every method of the Algorithm, under one lock. A Server is in one farm.
type Server struct {
	ID     int       // HAProxy's number of the server, by which the ring places it
	Weight int       // 0 to 256; with 0 it gets nothing
	Share  int       // percent of the weight that it gets now (slow start), normally 100
	Served int       // requests in flight
	Oldest time.Time // when the oldest request in flight began; zero: none

	counts int // its weight in hundredths, as of Reset
	credit int // of the round robin

	failures float64 // decayed count, as of failed
	failed   time.Time
	lasts    float64 // ns; how long the last failure has taken
	load     int     // as of the current Pick; negative: refused

	member  bool    // of the farm's usable servers; kept by ewma, as is what follows
	latency float64 // ns; 0: not known
	learned time.Time
	burden  float64 // of a request: the average weight of a server, divided by its own
	cost    float64 // as of the current Pick

	owner *slots // which has fixed the weight
	fixed int

	nodes  int // on the ring
	before int // nodes of the servers before it
}

// Key is what a request is hashed to. If it is not Set there is nothing to hash, such as a header
// that is missing, and servers take turns, as with HAProxy.
type Key struct {
	Hash uint32
	Set  bool
}

// Algorithm distributes requests among the servers of one farm. None of its methods may run beside
// another one.
type Algorithm interface {
	// Reset says which servers are usable now, in the order of the configuration. It is to be called
	// again when a Weight or a Share has changed. The slice stays the caller's.
	Reset(servers []*Server)

	// Pick returns a server for which ok holds; nil: there is none. ok must give the same answer
	// whenever it is asked during one Pick. It allocates nothing.
	//
	// Where Keyed is true and ok refuses the server of the key, those that follow on the ring or in
	// the map are asked. A full server must therefore not be refused, if its clients are to wait
	// rather than to go elsewhere.
	Pick(key Key, now time.Time, ok func(*Server) bool) *Server

	// Done says that a request on s has ended after took. failed means that the server is to blame:
	// its connection, a 5xx, a time-out. It allocates nothing.
	Done(s *Server, took time.Duration, failed bool, now time.Time)

	// Keyed tells whether requests belong to servers by their key.
	Keyed() bool
}

// New returns the algorithm that a backend's configuration asks for.
func New(b config.Balance, h config.Hash) (Algorithm, error) {
	switch b.Algorithm {
	case "roundrobin":
		return &roundRobin{}, nil
	case "static-rr":
		return &slots{}, nil
	case "leastconn":
		return &leastConn{}, nil
	case "first":
		return &first{}, nil
	case "random":
		return newRandom(b.Draws)
	case "ewma":
		return &ewma{}, nil
	case "source", "uri", "header":
		return newKeyed(h)
	}
	return nil, fmt.Errorf("balance %q: %w", b.Algorithm, ErrUnknown)
}

func newKeyed(h config.Hash) (Algorithm, error) {
	if hashFunction(h.Function) == nil {
		return nil, fmt.Errorf("hash function %q: %w", h.Function, ErrUnknown)
	}
	switch h.Type {
	case "map":
		return &slots{keyed: true}, nil
	case "consistent":
		return &ring{factor: h.BalanceFactor}, nil
	}
	return nil, fmt.Errorf("hash type %q: %w", h.Type, ErrUnknown)
}

// unkeyed is of algorithms that do not look at keys.
type unkeyed struct{}

func (unkeyed) Keyed() bool { return false }

// incurious is of algorithms that do not mind how requests end.
type incurious struct{}

func (incurious) Done(*Server, time.Duration, bool, time.Time) {}

// weighted puts the servers that may get something into the place of those in kept. A server in its
// slow start gets something from the beginning.
func weighted(kept, servers []*Server) []*Server {
	clear(kept)
	kept = kept[:0]
	for _, s := range servers {
		if s.Weight > 0 {
			s.counts = s.Weight * max(s.Share, 1)
			kept = append(kept, s)
		}
	}
	return kept
}
