package plan

import (
	"slices"

	"relais/internal/config"
)

// Clients says who of a backend gets another server.
type Clients struct {
	Backend string  `json:"backend"`
	Balance string  `json:"balance"`          // the algorithm, as in the new file
	Sticky  *Sticky `json:"sticky,omitempty"` // absent: no cookie keeps clients with their servers now
	Keys    *Keys   `json:"keys,omitempty"`   // absent: no hash decides now
}

// Sticky says which of the clients with a cookie move.
type Sticky struct {
	Servers []Left  `json:"servers"`         // whose clients move
	Of      int     `json:"of"`              // servers that have clients
	Share   float64 `json:"share"`           // of the servers: of the clients too, if they are spread evenly
	Why     string  `json:"why,omitempty"`   // all of them move
	Maybe   string  `json:"maybe,omitempty"` // what would move all, and cannot be known beforehand
}

// Left is a server whose clients move.
type Left struct {
	Server string `json:"server"`
	Why    string `json:"why,omitempty"` // absent: all move
}

// Keys says how many of the values that a backend hashes get another server. It is counted with
// keys of a sample, and with the servers that are usable now.
type Keys struct {
	Sample int     `json:"sample"`
	AtOnce int     `json:"at_once"` // of the sample, right after the reload
	Moved  int     `json:"moved"`   // of the sample, once the servers that are new have passed a check
	Share  float64 `json:"share"`   // Moved of Sample
	Why    string  `json:"why,omitempty"`
	Cannot string  `json:"cannot,omitempty"` // why it cannot be known beforehand; the numbers are 0 then
}

// clients tells of the backends where a change may give clients another server.
func (c *comparison) clients(changes []Change) []Clients {
	touched := map[string]bool{}
	for _, change := range changes {
		if at := change.at; at.backend != "" && (at.server != "" || slices.Contains([]string{"cookie", "balance", "hash", "all_backups", "panic_threshold"}, at.key)) {
			touched[at.backend] = true
		}
	}
	list := []Clients{}
	for _, next := range c.next.Backends {
		now := c.now.backends[next.Name]
		if now == nil || !touched[next.Name] {
			continue
		}
		list = append(list, Clients{Backend: next.Name, Balance: balance(next.Balance), Sticky: c.sticky(now, next), Keys: c.keys(now, next)})
	}
	return list
}

// sticky tells whose clients move; nil: nobody has a cookie.
func (c *comparison) sticky(now, next *config.Backend) *Sticky {
	if now.Cookie == nil {
		return nil
	}
	s := &Sticky{Servers: []Left{}, Why: forgets(now.Cookie, next.Cookie)}
	derived := false
	for _, server := range now.Servers {
		id := Server{now.Name, server.Name}
		if c.isMaintainedNow(id) {
			continue
		}
		s.Of++
		to := c.next.servers[id]
		derived = derived || server.Cookie == ""
		switch {
		case s.Why != "":
			s.Servers = append(s.Servers, Left{Server: server.Name})
		case to == nil:
			s.Servers = append(s.Servers, Left{server.Name, "leaves"})
		case c.isMaintained(id, to):
			s.Servers = append(s.Servers, Left{server.Name, "goes into maintenance"})
		case now.Cookie.KeyFile.None() && server.Cookie != to.Cookie:
			s.Servers = append(s.Servers, Left{server.Name, "has another cookie"})
		}
	}
	if s.Of > 0 {
		s.Share = float64(len(s.Servers)) / float64(s.Of)
	}
	if s.Why == "" && derived && now.Cookie.KeyFile.None() && c.now.StateFile != c.next.StateFile {
		s.Maybe = "state_file changes: all move unless the key beside it is the same"
	}
	return s
}

// forgets says why the cookies that clients have are not understood any more; empty: they are.
func forgets(now, next *config.Cookie) string {
	switch {
	case next == nil:
		return "the cookie is not used any more"
	case now.Name != next.Name:
		return "the cookie has another name"
	case contentOf(now.KeyFile, "key_file") != contentOf(next.KeyFile, "key_file"):
		return "the cookie's key is another one"
	case now.Mode == "prefix" && next.Mode != "prefix":
		return "the cookie has another mode"
	}
	return ""
}
