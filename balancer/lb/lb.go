// Package lb decides which server gets a request.
package lb

import (
	"net/netip"
	"time"

	"relais/internal/config"
)

type Server struct {
	ID     int
	Weight int
	Share  int
	Served int
	Oldest time.Time
	credit int
}

type Key struct {
	Hash uint32
	Set  bool
}

type Algorithm interface {
	Reset(servers []*Server)
	Pick(key Key, now time.Time, ok func(*Server) bool) *Server
	Done(s *Server, took time.Duration, failed bool, now time.Time)
	Keyed() bool
}

func New(b config.Balance, h config.Hash) (Algorithm, error) { return &rr{}, nil }

type rr struct{ servers []*Server }

func (r *rr) Reset(s []*Server)                            { r.servers = append(r.servers[:0], s...) }
func (r *rr) Keyed() bool                                  { return false }
func (r *rr) Done(*Server, time.Duration, bool, time.Time) {}
func (r *rr) Pick(_ Key, _ time.Time, ok func(*Server) bool) *Server {
	var best *Server
	total := 0
	for _, s := range r.servers {
		if !ok(s) {
			continue
		}
		total += s.Weight * s.Share
		s.credit += s.Weight * s.Share
		if best == nil || s.credit > best.credit {
			best = s
		}
	}
	if best != nil {
		best.credit -= total
	}
	return best
}

type Hasher struct{}

func NewHasher(b config.Balance, h config.Hash) *Hasher { return nil }
func (h *Hasher) Source(ip netip.Addr) Key              { return Key{} }
func (h *Hasher) URI(target []byte) Key                 { return Key{} }
func (h *Hasher) Header(value []byte, there bool) Key   { return Key{} }
func (h *Hasher) HeaderName() string                    { return "" }
