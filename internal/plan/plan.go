// Package plan tells what a reload of the balancer would change: it compares two configurations,
// with what is known of the running process. It looks at plain values only, and does nothing.
package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"

	"relais/internal/config"
)

// Plan is what a reload would change. Its JSON names are a contract: fields may be added, never
// renamed. Every list has a fixed order: that of the configurations, the new one first where it
// can.
type Plan struct {
	Verdict string `json:"verdict"` // one line, such as "3 changes; nothing is cut"

	HashNow  string `json:"hash_now"`  // fingerprint of the configuration in force
	HashNext string `json:"hash_next"` // of the new one
	Hash     string `json:"hash"`      // of both and of everything at run time: 12 characters that a reload can insist on

	Listeners []Change  `json:"listeners"` // sockets, and what is spoken on them
	Proxies   []Change  `json:"proxies"`   // frontends and backends as a whole
	Servers   []Change  `json:"servers"`
	Keys      []Change  `json:"keys"`    // everything else, by class
	Clients   []Clients `json:"clients"` // who gets another server, for each backend whose servers change
	Drains    []Drain   `json:"drains"`  // what is under way and has to end in time
	Orders    []Fate    `json:"orders"`  // standing orders of operators
	Dynamic   []Fate    `json:"dynamic"` // servers added at run time
	Warnings  []Warning `json:"warnings"`
}

// hashLength is the number of characters of Plan.Hash.
const hashLength = 12

// Compare returns what changes when next follows now. Both are validated, and now has nothing that
// was added at run time. The files that they name are those that they were validated with. It keeps
// neither of them and is safe for concurrent use.
func Compare(now, next *config.Config, f Facts) *Plan {
	c := newComparison(now, next, f)
	d := &differ{}
	d.structure(place{}, reflect.ValueOf(now).Elem(), reflect.ValueOf(next).Elem())
	p := &Plan{
		HashNow: f.HashNow, HashNext: f.HashNext, Hash: hash(f),
		Listeners: []Change{}, Proxies: []Change{}, Servers: []Change{}, Keys: []Change{},
	}
	c.changed = len(d.changes) > 0
	for _, change := range d.changes {
		c.explain(&change)
		list := p.section(change.at)
		*list = append(*list, change)
	}
	p.Keys = byClass(p.Keys)
	p.Clients = c.clients(d.changes)
	p.Drains = c.drains()
	p.Orders, p.Dynamic = c.orders(), c.dynamic()
	p.Warnings = c.warnings()
	p.Verdict = p.verdict()
	return p
}

// Changed tells whether the new configuration says anything else than the one in force.
func (p *Plan) Changed() bool { return p.count() > 0 }

// Changes returns all changes, in the order of the plan.
func (p *Plan) Changes() []Change {
	all := make([]Change, 0, p.count())
	for _, list := range [][]Change{p.Listeners, p.Proxies, p.Servers, p.Keys} {
		all = append(all, list...)
	}
	return all
}

func (p *Plan) count() int {
	return len(p.Listeners) + len(p.Proxies) + len(p.Servers) + len(p.Keys)
}

// section is where a change of the value at a place belongs.
func (p *Plan) section(at place) *[]Change {
	switch {
	case at.isListener():
		return &p.Listeners
	case at.server != "" || at.key == "servers":
		return &p.Servers
	case at.isProxy():
		return &p.Proxies
	}
	return &p.Keys
}

func (p *Plan) verdict() string {
	if !p.Changed() {
		if p.HashNow != p.HashNext {
			return "nothing would change: the files differ in form only" + p.cut(", and ")
		}
		return "nothing would change"
	}
	return count(p.count(), "change") + p.cut("; ")
}

// cut says what may be ended by force, behind a separator.
func (p *Plan) cut(separator string) string {
	var at0, inTime load
	for _, d := range p.Drains {
		if d.AtMost == "0s" {
			at0.add(d.load)
		} else {
			inTime.add(d.load)
		}
	}
	text := ""
	if at0.any() {
		text = separator + at0.String() + " cut at once"
		separator = "; "
	}
	if inTime.any() {
		text += separator + inTime.String() + " cut unless ended in time"
	}
	if text == "" && p.Changed() {
		return separator + "nothing is cut"
	}
	return text
}

// hash is what a reload can insist on: it changes whenever the file or anything at run time does.
func hash(f Facts) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", f.HashNow, f.HashNext, f.Revision))
	return hex.EncodeToString(sum[:])[:hashLength]
}
