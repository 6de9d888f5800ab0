package app

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"relais/balancer"
	"relais/healthcheck"
	"relais/internal/config"
)

// errTrack says that the setting track leads nowhere.
var errTrack = errors.New("track")

// healths gives servers the health that checks have found, in order, and to those that follow
// another server (HAProxy's track) the health of that.
type healths struct {
	mu        sync.Mutex
	leaders   map[healthcheck.ID]healthcheck.ID // of those that follow
	followers map[healthcheck.ID][]healthcheck.ID
	forced    map[healthcheck.ID]bool // whether those without a check are up, where an operator has said so
}

// follow says who follows whom from now on.
func (h *healths) follow(leaders map[healthcheck.ID]healthcheck.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.leaders, h.followers = leaders, map[healthcheck.ID][]healthcheck.ID{}
	for follower, leader := range leaders {
		h.followers[leader] = append(h.followers[leader], follower)
	}
}

// set calls apply for a server and those that follow it, and returns these.
func (h *healths) set(id healthcheck.ID, apply func(healthcheck.ID)) (followers []healthcheck.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	apply(id)
	for _, follower := range h.followers[id] {
		apply(follower)
	}
	return h.followers[id]
}

// settle gives a server without a check of its own the health of the one that it follows, if any.
// What changes meanwhile is reported afterwards.
func (h *healths) settle(id healthcheck.ID, s *balancer.Server, checks *healthcheck.Set) {
	h.mu.Lock()
	defer h.mu.Unlock()
	leader, follows := h.leaders[id]
	if !follows {
		leader = id
	}
	status, checked := checks.Status(leader.Backend, leader.Server)
	switch {
	case checked && follows:
		setHealth(s, status.Up, status.NoLB)
	case checked:
		delete(h.forced, id)
	default:
		if _, forced := h.forced[id]; !forced {
			setHealth(s, true, false)
		}
	}
}

// followersOf returns the servers whose health is that of another one.
func (h *healths) followersOf(leader healthcheck.ID) []healthcheck.ID {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.followers[leader]
}

// force makes a server without a check what an operator says, until its checks begin.
func (h *healths) force(id healthcheck.ID, s *balancer.Server, up, noLB bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.forced == nil {
		h.forced = map[healthcheck.ID]bool{}
	}
	h.forced[id] = up
	setHealth(s, up, noLB)
}

// forcedDown tells whether an operator has said that a server without a check is down.
func (h *healths) forcedDown(id healthcheck.ID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	up, forced := h.forced[id]
	return forced && !up
}

func (h *healths) leader(id healthcheck.ID) (leader healthcheck.ID, follows bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	leader, follows = h.leaders[id]
	return leader, follows
}

func setHealth(s *balancer.Server, up, noLB bool) {
	s.SetNoLB(noLB)
	s.SetUp(up)
}

// leadersOf finds whom each server with the setting track follows in the end: one that has a
// health of its own.
func leadersOf(cfg *config.Config) (map[healthcheck.ID]healthcheck.ID, error) {
	tracks := map[healthcheck.ID]string{}
	for _, b := range cfg.Backends {
		for _, s := range b.Servers {
			tracks[healthcheck.ID{Backend: b.Name, Server: s.Name}] = s.Track
		}
	}
	leaders := map[healthcheck.ID]healthcheck.ID{}
	for id, track := range tracks {
		leader := id
		for steps := 0; track != ""; steps++ {
			backend, server, _ := strings.Cut(track, "/")
			leader = healthcheck.ID{Backend: backend, Server: server}
			next, known := tracks[leader]
			switch {
			case !known:
				return nil, fmt.Errorf("%w: there is no server %s", errTrack, track)
			case steps > len(tracks):
				return nil, fmt.Errorf("%w: %s follows itself", errTrack, id)
			}
			track = next
		}
		if leader != id {
			leaders[id] = leader
		}
	}
	return leaders, nil
}
