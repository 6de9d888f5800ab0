package plan

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"relais/internal/config"
)

// Fate says whether an order, or a server added at run time, survives the reload.
type Fate struct {
	Object string     `json:"object"`           // backend/server, the name of a frontend, or process
	Key    string     `json:"key,omitempty"`    // of an order
	Value  string     `json:"value,omitempty"`  // of an order
	By     string     `json:"by,omitempty"`     // who gave it
	Reason string     `json:"reason,omitempty"` // that he gave
	Until  *time.Time `json:"until,omitempty"`  // when it ends by itself
	Stays  bool       `json:"stays"`
	Why    string     `json:"why,omitempty"` // it does not
}

// process is the object of orders on the process itself.
const process = "process"

// orders tells which orders survive: those on keys of which the file says what it said.
func (c *comparison) orders() []Fate {
	fates := []Fate{}
	for _, o := range c.facts.Orders {
		f := Fate{Object: o.Object, Key: o.Key, Value: o.Value, By: o.By, Reason: o.Reason}
		if !o.Until.IsZero() {
			f.Until = &o.Until
		}
		f.Why = c.drop(o)
		f.Stays = f.Why == ""
		fates = append(fates, f)
	}
	slices.SortFunc(fates, func(a, b Fate) int { return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Key, b.Key)) })
	return fates
}

// dynamic tells which servers that were added at run time survive.
func (c *comparison) dynamic() []Fate {
	fates := []Fate{}
	for _, s := range c.facts.Dynamic {
		f := Fate{Object: object(s), Stays: true}
		switch {
		case c.next.backends[s.Backend] == nil:
			f.Why = "the file has no backend " + s.Backend
		case c.next.servers[s] != nil:
			f.Why = "the file has a server of that name"
		}
		f.Stays = f.Why == ""
		fates = append(fates, f)
	}
	return fates
}

// drop says why an order does not survive; empty: it does.
func (c *comparison) drop(o Order) string {
	if !c.reloads() {
		return ""
	}
	backend, name, isServer := strings.Cut(o.Object, "/")
	id := Server{backend, name}
	was, known := value(c.now, o.Object, o.Key)
	if !known && c.added[id] {
		was = o.FileValue
	}
	is, knows := value(c.next, o.Object, o.Key)
	switch {
	case !slices.Contains([]string{"state", "weight", "maxconn"}, o.Key):
		return "the file wins"
	case isServer && !knows && c.added[id] && c.next.backends[backend] != nil:
		return ""
	case isServer && !knows:
		return "the server leaves"
	case !knows:
		return "the frontend leaves"
	case was != is:
		return "the file says " + is + " now, and said " + was
	}
	return ""
}

// surviving returns the order on a key of a server, if it survives.
func (c *comparison) surviving(id Server, key string) (Order, bool) {
	o, stands := c.standing[[2]string{object(id), key}]
	return o, stands && c.drop(o) == ""
}

// weightNow is the weight that holds now, agents left out.
func (c *comparison) weightNow(id Server, s *config.Server) int {
	return weight(c.standing[[2]string{object(id), "weight"}], s)
}

func (c *comparison) weightNext(id Server, s *config.Server) int {
	o, stays := c.surviving(id, "weight")
	if !stays {
		return s.Weight
	}
	return weight(o, s)
}

func weight(o Order, s *config.Server) int {
	if n, err := strconv.Atoi(o.Value); err == nil {
		return n
	}
	return s.Weight
}

// value is what a configuration says of a key that operators can set.
func value(cfg *sides, object, key string) (text string, known bool) {
	if object == process || object == "" {
		return strconv.Itoa(cfg.Limits.Maxconn), true
	}
	if backend, name, isServer := strings.Cut(object, "/"); isServer {
		s := cfg.servers[Server{backend, name}]
		if s == nil {
			return "", false
		}
		return ofServerInFile(s, key), true
	}
	f := cfg.frontends[object]
	switch {
	case f == nil:
		return "", false
	case key == "maxconn":
		return strconv.Itoa(f.Maxconn), true
	}
	return "enabled", true
}

func ofServerInFile(s *config.Server, key string) string {
	switch key {
	case "weight":
		return strconv.Itoa(s.Weight)
	case "maxconn":
		return strconv.Itoa(s.Maxconn)
	}
	if s.Disabled {
		return "maint"
	}
	return "ready"
}

func object(s Server) string { return s.Backend + "/" + s.Name }
